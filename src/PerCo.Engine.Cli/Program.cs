using PerCo.Engine.Cli;

return await CommandLineApp.RunAsync(args).ConfigureAwait(false);
