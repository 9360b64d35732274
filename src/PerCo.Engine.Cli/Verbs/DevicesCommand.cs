using System.CommandLine;
using System.Text.Json.Nodes;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Cli.Terminal;

namespace PerCo.Engine.Cli.Verbs;

/// <summary>devices: lists what --device can name, and why a device cannot be used.</summary>
internal static class DevicesCommand
{
    public static Command Build()
    {
        var json = new Option<bool>("--json")
        {
            Description = "Print JSON.",
        };
        var command = new Command(
            "devices",
            """
            List the devices that --device can name, and why a device or a driver cannot be used.

            Examples:
              percoengine devices
              percoengine devices --json
            """)
        {
            json,
        };
        command.SetAction(parsed => Run(parsed.GetValue(json)));
        return command;
    }

    private static int Run(bool json)
    {
        string cpu;
        using (var backend = new CpuBackend())
        {
            cpu = backend.Description;
        }

        IReadOnlyList<GpuDeviceInfo> devices = GpuBackend.Devices(out IReadOnlyList<string> missing);
        if (json)
        {
            PrintJson(cpu, devices, missing);
            return ExitCode.Done;
        }

        Console.WriteLine($"{"cpu",-10} {cpu}");
        foreach (GpuDeviceInfo device in devices)
        {
            Console.WriteLine($"{device.Selector,-10} {device.Name}, {device.ComputeUnits} compute units, "
                + $"{device.Memory >> 20} MiB; {device.Version}");
            if (device.Rejection is not null)
            {
                Console.WriteLine($"{"",-10} cannot be used: {device.Rejection}");
            }
        }

        foreach (string reason in missing)
        {
            Console.WriteLine(reason);
        }

        return ExitCode.Done;
    }

    private static void PrintJson(string cpu, IReadOnlyList<GpuDeviceInfo> devices, IReadOnlyList<string> missing)
    {
        var list = new JsonArray(new JsonObject { ["device"] = "cpu", ["name"] = cpu, ["usable"] = true });
        foreach (GpuDeviceInfo device in devices)
        {
            list.Add((JsonNode)new JsonObject
            {
                ["device"] = device.Selector,
                ["name"] = device.Name,
                ["version"] = device.Version,
                ["computeUnits"] = device.ComputeUnits,
                ["memoryBytes"] = device.Memory,
                ["largestBufferBytes"] = device.LargestBuffer,
                ["localMemoryBytes"] = device.LocalMemory,
                ["usable"] = device.Rejection is null,
                ["reason"] = device.Rejection,
            });
        }

        JsonText.Print(new JsonObject
        {
            ["devices"] = list,
            ["missing"] = new JsonArray([.. missing.Select(reason => JsonValue.Create(reason))]),
        });
    }
}
