namespace PerCo.Engine.Backends.Cpu.Gemm;

/// <summary>
/// Items dealt into strips of at most so many, all equally long but for one: the first ones have one item more. A
/// kernel of few rows takes about as long as one of many, so a short strip at the end would be waste.
/// </summary>
internal readonly struct Strips
{
    private readonly int _least;
    private readonly int _longer;

    public Strips(int items, int most)
    {
        Count = PackedMatrix.DivideUp(items, most);
        _least = Count == 0 ? 0 : items / Count;
        _longer = items - Count * _least;
    }

    /// <summary>Number of strips.</summary>
    public int Count { get; }

    /// <summary>First item of a strip; no division, since a small product takes only some hundred cycles.</summary>
    public int Start(int strip) => strip * _least + Math.Min(strip, _longer);

    /// <summary>Items of a strip.</summary>
    public int Length(int strip) => strip < _longer ? _least + 1 : _least;

    /// <summary>The strip that an item is in.</summary>
    public int Of(int item)
    {
        int inLonger = _longer * (_least + 1);
        return item < inLonger ? item / (_least + 1) : _longer + (item - inLonger) / _least;
    }
}
