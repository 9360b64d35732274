using System.Diagnostics;
using System.Globalization;
using PerCo.Engine.Backends.Gpu.Trust;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Gpu.Trust;

/// <summary>Kernels whose checks did not come to an end.</summary>
public sealed class CheckJournalTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("percoengine-journal-").FullName;

    private string Prefix => Path.Combine(_folder, "sub", "device");

    [Fact]
    public void A_check_that_ends_leaves_nothing()
    {
        var journal = new CheckJournal(Prefix);
        journal.Begin("a");
        Assert.Single(Files());
        journal.End();
        Assert.Empty(Files());
        Assert.False(new CheckJournal(Prefix).Distrusts("a"));
    }

    [Fact]
    public void Two_checks_that_did_not_end_are_reason_enough_and_one_is_not()
    {
        Unfinished("a", GoneProcess());
        Assert.False(new CheckJournal(Prefix).Distrusts("a"));
        Unfinished("a", GoneProcess());
        var journal = new CheckJournal(Prefix);
        Assert.True(journal.Distrusts("a"));
        Assert.False(journal.Distrusts("b"));
        journal.Clear();
        Assert.Empty(Files());
    }

    [Fact]
    public void A_process_that_still_checks_is_no_reason()
    {
        using Process other = Process.Start("sleep", "60");
        Unfinished("a", other.Id);
        Unfinished("a", other.Id);
        Assert.False(new CheckJournal(Prefix).Distrusts("a"));
        other.Kill();
        other.WaitForExit();
        Assert.True(new CheckJournal(Prefix).Distrusts("a"));
    }

    [Fact]
    public void A_device_that_no_longer_answers_is_reason_enough_at_once()
    {
        var journal = new CheckJournal(Prefix);
        journal.Begin("a");
        journal.Accuse("a");
        Assert.True(new CheckJournal(Prefix).Distrusts("a"));
    }

    [Fact]
    public void Without_a_folder_nothing_is_kept_and_damage_is_nothing()
    {
        var none = new CheckJournal(null);
        none.Begin("a");
        none.Accuse("a");
        Assert.False(none.Distrusts("a"));
        Directory.CreateDirectory(Path.GetDirectoryName(Prefix)!);
        File.WriteAllText(Prefix + ".x.checking", "");
        File.WriteAllText(Prefix + ".y.checking", "what is this");
        Assert.False(new CheckJournal(Prefix).Distrusts("is"));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string[] Files() => Directory.GetFiles(_folder, "*", SearchOption.AllDirectories);

    private void Unfinished(string kernel, int process)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Prefix)!);
        string text = string.Create(CultureInfo.InvariantCulture, $"{process} {kernel}");
        File.WriteAllText($"{Prefix}.{Guid.NewGuid():n}.checking", text);
    }

    private static int GoneProcess()
    {
        using Process process = Process.Start("true");
        process.WaitForExit();
        return process.Id;
    }
}
