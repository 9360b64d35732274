using System.IO.Compression;
using System.Xml.Linq;
using Xunit;

namespace PerCo.Engine.Tests.Api;

/// <summary>The NuGet packages: the library, its symbols, and the command line as a .NET tool.</summary>
public sealed class PackageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void The_library_package_has_what_users_look_for()
    {
        Pack("src/PerCo.Engine");
        using ZipArchive package = Open("PerCo.Engine.*.nupkg", out string name);
        foreach (string file in (string[])
            ["lib/net10.0/PerCo.Engine.dll", "lib/net10.0/PerCo.Engine.xml", "README.md"])
        {
            Assert.True(package.GetEntry(file) is not null, $"{name}: {file} is missing.");
        }

        XElement metadata = Metadata(package);
        Assert.Equal("PerCo.Engine", Value(metadata, "id"));
        Assert.Equal("Apache-2.0", Value(metadata, "license"));
        Assert.Equal("README.md", Value(metadata, "readme"));
        Assert.Contains("compression", Value(metadata, "tags"), StringComparison.Ordinal);
        Assert.Equal(
            ["System.Numerics.Tensors"],
            metadata.Descendants().Where(e => e.Name.LocalName == "dependency").Select(e => e.Attribute("id")!.Value));

        using ZipArchive symbols = Open("PerCo.Engine.*.snupkg", out _);
        Assert.NotNull(symbols.GetEntry("lib/net10.0/PerCo.Engine.pdb"));
    }

    [Fact]
    public void The_tool_package_brings_its_model()
    {
        Pack("src/PerCo.Engine.Cli");
        using ZipArchive package = Open("PerCo.Engine.Cli.*.nupkg", out string name);
        const string Tool = "tools/net10.0/any/";
        foreach (string file in (string[])
            [
                "percoengine.dll", "PerCo.Engine.dll", "DotnetToolSettings.xml", "models/perco-mini/perco.json",
                "models/perco-mini/unet/diffusion_pytorch_model.safetensors", "verify-set/cases.json",
            ])
        {
            Assert.True(package.GetEntry(Tool + file) is not null, $"{name}: {Tool}{file} is missing.");
        }

        using var settings = new StreamReader(package.GetEntry(Tool + "DotnetToolSettings.xml")!.Open());
        Assert.Contains("Name=\"percoengine\"", settings.ReadToEnd(), StringComparison.Ordinal);
        Assert.Contains(
            Metadata(package).Descendants(),
            e => e.Name.LocalName == "packageType" && e.Attribute("name")!.Value == "DotnetTool");
    }

    public void Dispose() => _folder.Dispose();

    private static XElement Metadata(ZipArchive package)
    {
        using Stream nuspec = package.Entries.Single(e => e.FullName.EndsWith(".nuspec", StringComparison.Ordinal))
            .Open();
        return XDocument.Load(nuspec).Root!.Elements().Single(e => e.Name.LocalName == "metadata");
    }

    private static string Value(XElement metadata, string name) =>
        metadata.Elements().Single(e => e.Name.LocalName == name).Value;

    // What was built for these tests is packed, so that packing takes seconds.
    private void Pack(string project) => ToolProcess.Run(
        "dotnet", "pack", project, "-c", ToolProcess.Configuration, "--no-build", "-o", _folder.Path, "--nologo",
        "-nodeReuse:false");

    private ZipArchive Open(string pattern, out string name)
    {
        name = Assert.Single(Directory.GetFiles(_folder.Path, pattern));
        return ZipFile.OpenRead(name);
    }
}
