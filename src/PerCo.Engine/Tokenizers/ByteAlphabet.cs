namespace PerCo.Engine.Tokenizers;

/// <summary>
/// The printable character that stands for each byte in the vocabularies of GPT-2 and CLIP: printable Latin-1 bytes
/// stand for themselves, the 68 others for U+0100 onwards in ascending order (GPT-2's encoder.py).
/// </summary>
internal static class ByteAlphabet
{
    private const int FirstSubstitute = 0x100;

    private static readonly char[] Characters = MakeCharacters();
    private static readonly short[] Bytes = MakeBytes();

    /// <summary>The character for a byte.</summary>
    public static char ToCharacter(byte value) => Characters[value];

    /// <summary>The byte for a character, false where no byte has it.</summary>
    public static bool TryToByte(char character, out byte value)
    {
        int found = character < Bytes.Length ? Bytes[character] : -1;
        value = (byte)found;
        return found >= 0;
    }

    private static char[] MakeCharacters()
    {
        var characters = new char[256];
        int substitute = FirstSubstitute;
        for (int b = 0; b < 256; b++)
        {
            bool printable = b is (>= 0x21 and <= 0x7E) or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            characters[b] = printable ? (char)b : (char)substitute++;
        }

        return characters;
    }

    private static short[] MakeBytes()
    {
        var bytes = new short[Characters.Max() + 1];
        Array.Fill<short>(bytes, -1);
        for (int b = 0; b < 256; b++)
        {
            bytes[Characters[b]] = (short)b;
        }

        return bytes;
    }
}
