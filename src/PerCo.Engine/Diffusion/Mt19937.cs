namespace PerCo.Engine.Diffusion;

/// <summary>
/// The Mersenne Twister MT19937 (Matsumoto and Nishimura, ACM TOMACS 8, 1998) with its 2002 initialisation from one
/// 32-bit seed.
/// </summary>
internal sealed class Mt19937
{
    private const int Size = 624;
    private const int Shift = 397;

    private readonly uint[] _state = new uint[Size];
    private int _next = Size;

    public Mt19937(uint seed)
    {
        _state[0] = seed;
        for (uint i = 1; i < Size; i++)
        {
            uint previous = _state[i - 1];
            _state[i] = (1812433253u * (previous ^ (previous >> 30))) + i;
        }
    }

    /// <summary>The next 32 random bits.</summary>
    public uint Next()
    {
        if (_next == Size)
        {
            Twist();
        }

        uint y = _state[_next++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9D2C5680u;
        y ^= (y << 15) & 0xEFC60000u;
        return y ^ (y >> 18);
    }

    private void Twist()
    {
        for (int i = 0; i < Size; i++)
        {
            uint y = (_state[i] & 0x80000000u) | (_state[(i + 1) % Size] & 0x7FFFFFFFu);
            _state[i] = _state[(i + Shift) % Size] ^ (y >> 1) ^ ((y & 1) != 0 ? 0x9908B0DFu : 0);
        }

        _next = 0;
    }
}
