namespace PerCo.Engine.IO;

/// <summary>Reading to the end of streams that may never end.</summary>
internal static class BoundedRead
{
    private const int PartBytes = 80 << 10;

    /// <summary>All bytes that are left.</summary>
    /// <param name="stream">Need not be seekable.</param>
    /// <param name="most">Most bytes that are taken.</param>
    /// <param name="tooLong">The error where there are more.</param>
    public static byte[] All(Stream stream, long most, Func<Exception> tooLong)
    {
        most = Math.Min(most, Array.MaxLength);
        long expected = stream.CanSeek ? Math.Max(stream.Length - stream.Position, 0) : 0;
        if (expected > most)
        {
            throw tooLong();
        }

        using var all = new MemoryStream((int)expected);
        var part = new byte[PartBytes];
        for (int read = stream.Read(part); read > 0; read = stream.Read(part))
        {
            if (all.Length + read > most)
            {
                throw tooLong();
            }

            all.Write(part, 0, read);
        }

        return all.Length == all.Capacity ? all.GetBuffer() : all.ToArray();
    }
}
