using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace PerCo.Engine.Codec.Captions;

/// <summary>
/// What both sides know about captions beforehand: a list of words and two n-gram models, of words in a caption and of
/// characters in a word. Built by tools/caption-model/make.py, embedded in the assembly, and part of the file format:
/// it never changes for a given format version.
/// </summary>
internal sealed class CaptionModel
{
    /// <summary>The symbol that ends a caption, and, among characters, a word.</summary>
    public const int End = 0;

    /// <summary>The symbol that stands in a context for a spelled word, and for a character outside ASCII.</summary>
    public const int Unknown = 1;

    /// <summary>The symbol before the first word, and before the first character.</summary>
    public const int Start = 2;

    /// <summary>The first symbol that is a word or a character.</summary>
    public const int FirstOwn = 3;

    private const string ResourceName = "PerCo.Engine.Codec.Captions.caption-model.bin";
    private const byte AttachedFlag = 1;
    private const byte NameFlag = 2;

    private static readonly Lazy<CaptionModel> LazyShared = new(Load);

    private readonly string[] _words;
    private readonly byte[] _flags;
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;

    private CaptionModel(ReadOnlySpan<byte> bytes)
    {
        var reader = new CaptionModelReader(bytes);
        var powers = new uint[256];
        for (int i = 0; i < powers.Length; i++)
        {
            powers[i] = BinaryPrimitives.ReadUInt32LittleEndian(reader.Read(sizeof(uint)));
        }

        string[] own = Encoding.ASCII.GetString(reader.ReadBlock().ReadRest()).Split('\n');
        _words = [string.Empty, string.Empty, string.Empty, .. own];
        _flags = reader.ReadBlock().ReadRest();
        Words = new NGramModel(ref reader, powers);
        Characters = new NGramModel(ref reader, powers);
        _ids = new Dictionary<string, int>(_words.Length, StringComparer.Ordinal);
        for (int i = FirstOwn; i < _words.Length; i++)
        {
            _ids.Add(_words[i], i);
        }

        _lookup = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
        Attached = [.. Enumerable.Range(FirstOwn, own.Length).Where(IsAttached)];
    }

    /// <summary>The model in this assembly; immutable, made on first use.</summary>
    public static CaptionModel Shared => LazyShared.Value;

    /// <summary>The model of words in a caption.</summary>
    public NGramModel Words { get; }

    /// <summary>The model of characters in a word: '!' is <see cref="FirstOwn"/>, and so on to '~'.</summary>
    public NGramModel Characters { get; }

    /// <summary>The words that usually follow another without a space: punctuation, "'s".</summary>
    public IReadOnlyList<int> Attached { get; }

    /// <summary>A word's text, in lower case.</summary>
    public string Text(int id) => _words[id];

    /// <summary>Whether a word usually follows another without a space.</summary>
    public bool IsAttached(int id) => (_flags[id] & AttachedFlag) != 0;

    /// <summary>Whether a word is usually capitalised, as "Frisbee" is.</summary>
    public bool IsName(int id) => (_flags[id] & NameFlag) != 0;

    /// <summary>The id of a lower-case word, or -1.</summary>
    public int Find(ReadOnlySpan<char> word) => _lookup.TryGetValue(word, out int id) ? id : -1;

    private static CaptionModel Load()
    {
        using Stream packed = typeof(CaptionModel).Assembly.GetManifestResourceStream(ResourceName)
            ?? throw new InvalidOperationException($"The assembly lacks its resource {ResourceName}.");
        using var unpacked = new ZLibStream(packed, CompressionMode.Decompress);
        using var bytes = new MemoryStream();
        unpacked.CopyTo(bytes);
        return new CaptionModel(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }
}
