using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Gpu;

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
        using Stream output = Console.OpenStandardOutput();
        using (var writer = new Utf8JsonWriter(output, new JsonWriterOptions
        {
            Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        }))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("devices");
            writer.WriteStartObject();
            writer.WriteString("device", "cpu");
            writer.WriteString("name", cpu);
            writer.WriteBoolean("usable", true);
            writer.WriteEndObject();
            foreach (GpuDeviceInfo device in devices)
            {
                writer.WriteStartObject();
                writer.WriteString("device", device.Selector);
                writer.WriteString("name", device.Name);
                writer.WriteString("version", device.Version);
                writer.WriteNumber("computeUnits", device.ComputeUnits);
                writer.WriteNumber("memoryBytes", device.Memory);
                writer.WriteNumber("largestBufferBytes", device.LargestBuffer);
                writer.WriteNumber("localMemoryBytes", device.LocalMemory);
                writer.WriteBoolean("usable", device.Rejection is null);
                writer.WriteString("reason", device.Rejection);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteStartArray("missing");
            foreach (string reason in missing)
            {
                writer.WriteStringValue(reason);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        output.Write("\n"u8);
    }
}
