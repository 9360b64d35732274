namespace PerCo.Engine.Tests.Backends.Gpu.Cuda.Machine;

/// <summary>
/// What a warp has started and not yet waited for. Everything happens as late as the ISA allows: what does not wait
/// sees what was there before, and what touches the registers of a product under way is found.
/// </summary>
internal sealed unsafe class PtxAsynchronous
{
    private readonly PtxWarp _warp;
    private readonly List<Copy>[] _openCopies = new List<Copy>[PtxWarp.Size];
    private readonly Queue<List<Copy>>[] _copies = new Queue<List<Copy>>[PtxWarp.Size];
    private readonly List<Product> _openProducts = [];
    private readonly Queue<List<Product>> _products = new();
    private readonly int[] _busy;
    private int _busyCount;
    private bool _fenced;

    /// <summary>16 bytes to shared memory, the first of them from device memory, zeros after them.</summary>
    private readonly record struct Copy(int To, nint From, int Valid);

    private readonly record struct Product(WarpGroupProduct Instruction, ulong A, ulong B, uint[]? Moment);

    public PtxAsynchronous(PtxWarp warp, int words)
    {
        _warp = warp;
        _busy = new int[words];
        for (int lane = 0; lane < PtxWarp.Size; lane++)
        {
            (_openCopies[lane], _copies[lane]) = ([], new Queue<List<Copy>>());
        }
    }

    /// <summary>What nobody has waited for; null where there is nothing.</summary>
    public string? Unfinished =>
        _openProducts.Count > 0 || _products.Count > 0 ? "products are under way"
        : _openCopies.Any(copies => copies.Any(copy => copy.Valid > 0)) ? "copies were never committed"
        : _copies.Any(groups => groups.Any(group => group.Count > 0)) ? "copies are under way" : null;

    /// <summary>Forgets the group before.</summary>
    public void Reset()
    {
        for (int lane = 0; lane < PtxWarp.Size; lane++)
        {
            _openCopies[lane].Clear();
            _copies[lane].Clear();
        }

        _openProducts.Clear();
        _products.Clear();
        Array.Clear(_busy);
        _busyCount = 0;
        _fenced = false;
    }

    /// <summary>Registers of products under way belong to them.</summary>
    public void Check(PtxInstruction instruction)
    {
        if (_busyCount == 0 || instruction is WarpGroupProduct)
        {
            return;
        }

        foreach (int word in instruction.Words)
        {
            if (_busy[word] > 0)
            {
                throw new PtxFault("a register of a product that is under way is used");
            }
        }
    }

    /// <summary>cp.async of a lane.</summary>
    public void StartCopy(int lane, uint to, nint from, int valid)
    {
        _ = _warp.Group.Shared.At(to, 16, 16);
        _warp.Group.Shared.Races?.StartCopy(_warp.Index, lane, (int)to, 16);
        _openCopies[lane].Add(new Copy((int)to, from, valid));
    }

    /// <summary>cp.async.commit_group of a lane.</summary>
    public void CommitCopies(int lane)
    {
        _copies[lane].Enqueue(_openCopies[lane]);
        _openCopies[lane] = [];
    }

    /// <summary>cp.async.wait_group of a lane.</summary>
    public void WaitCopies(int lane, int most)
    {
        while (_copies[lane].Count > most)
        {
            foreach (Copy copy in _copies[lane].Dequeue())
            {
                byte* to = _warp.Group.Shared.At(copy.To, 16, 16);
                new Span<byte>(to, 16).Clear();
                new ReadOnlySpan<byte>((void*)copy.From, copy.Valid).CopyTo(new Span<byte>(to, 16));
                _warp.Group.Shared.Races?.CompleteCopy(_warp.Index, lane, copy.To, 16);
            }
        }
    }

    /// <summary>wgmma.fence: registers may be handed to products.</summary>
    public void Fence() => _fenced = true;

    /// <summary>wgmma.mma_async.</summary>
    public void StartProduct(WarpGroupProduct instruction, ulong a, ulong b)
    {
        if (!_fenced)
        {
            throw new PtxFault("no wgmma.fence before the products");
        }

        uint[]? moment = _warp.Group.Shared.Races?.Moment(_warp.Index);
        instruction.Touch(_warp, a, b, moment);
        _openProducts.Add(new Product(instruction, a, b, moment));
        foreach (int word in instruction.Busy)
        {
            _busy[word]++;
        }

        _busyCount++;
    }

    /// <summary>wgmma.commit_group. Whoever touches the registers afterwards fences again.</summary>
    public void CommitProducts()
    {
        _products.Enqueue([.. _openProducts]);
        _openProducts.Clear();
        _fenced = false;
    }

    /// <summary>wgmma.wait_group.</summary>
    public void WaitProducts(int most)
    {
        while (_products.Count > most)
        {
            foreach (Product product in _products.Dequeue())
            {
                product.Instruction.Touch(_warp, product.A, product.B, product.Moment);
                product.Instruction.Complete(_warp, product.A, product.B);
                _busyCount--;
                foreach (int word in product.Instruction.Busy)
                {
                    _busy[word]--;
                }
            }
        }
    }
}
