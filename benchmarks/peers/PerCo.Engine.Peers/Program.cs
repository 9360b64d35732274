using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Peers.Comparing;
using PerCo.Engine.Peers.Engine;
using PerCo.Engine.Peers.Reporting;

namespace PerCo.Engine.Peers;

/// <summary>The comparison with native peers: <c>benchmarks/peers/run.sh</c> calls it.</summary>
internal static class Program
{
    private const string Usage =
        """
        usage: benchmarks/peers/run.sh [compare] [--only PATTERN] [--threads N] [--rounds N] [--seconds S] [--quick]
                                       [--continue] [--peers NAMES] [--out FILE]
               benchmarks/peers/run.sh report [--out FILE] [--document FILE] [--plot FILE]
               benchmarks/peers/run.sh list
        """;

    private static int Main(string[] arguments)
    {
        try
        {
            Options options = Options.Read(arguments);
            switch (options.Verb)
            {
                case "engine":
                    using (var peer = new EnginePeer(new CpuBackend(new CpuOptions { Threads = options.Threads })))
                    {
                        peer.Serve(Console.In, Console.Out);
                    }

                    return 0;
                case "compare":
                    return new Comparison(options, Console.Out).Run() ? 0 : 1;
                case "report":
                    Report.Write(options);
                    return 0;
                case "list":
                    foreach (Row row in Catalogue.Rows)
                    {
                        Console.WriteLine($"{row.Group}/{row.Line}");
                    }

                    return 0;
                default:
                    throw new FormatException($"'{options.Verb}' is no verb.");
            }
        }
        catch (FormatException e)
        {
            Console.Error.WriteLine($"peers: {e.Message}{Environment.NewLine}{Usage}");
            return 2;
        }
    }
}
