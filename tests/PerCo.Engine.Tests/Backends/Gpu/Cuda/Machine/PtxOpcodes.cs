using System.Globalization;

namespace PerCo.Engine.Tests.Backends.Gpu.Cuda.Machine;

/// <summary>From an opcode and its operands to what is executed: all that the kernels use, and nothing else.</summary>
internal static unsafe class PtxOpcodes
{
    private static readonly Dictionary<string, Func<PtxScope, string[], PtxInstruction>> Known = new()
    {
        ["bra"] = (_, _) => new Branch(),
        ["bra.uni"] = (_, _) => new Branch(),
        ["ret"] = (_, _) => new Return(),
        ["mov.f32"] = Move, ["mov.u32"] = Move, ["mov.b32"] = MoveBits, ["mov.b16"] = Move,
        ["mov.u64"] = Long1<FirstLong>, ["mov.pred"] = MovePredicate,
        ["cvta.to.global.u64"] = Long1<FirstLong>, ["cvta.global.u64"] = Long1<FirstLong>,
        ["cvta.local.u64"] = Long1<FirstLong>, ["cvta.to.local.u64"] = Long1<FirstLong>,
        ["selp.f32"] = Select, ["selp.b32"] = Select, ["selp.u32"] = Select,
        ["selp.b64"] = SelectLong, ["selp.u64"] = SelectLong,
        ["add.f32"] = Vector<AddFloat>, ["sub.f32"] = Vector<SubtractFloat>, ["mul.f32"] = Vector<MultiplyFloat>,
        ["div.rn.f32"] = Vector<DivideFloat>, ["fma.rn.f32"] = FusedMultiplyAdd,
        ["min.f32"] = Word<MinFloat>, ["max.f32"] = Word<MaxFloat>,
        ["neg.f32"] = One<NegateFloat>, ["abs.f32"] = One<AbsoluteFloat>, ["rcp.rn.f32"] = One<Reciprocal>,
        ["sqrt.rn.f32"] = One<SquareRoot>, ["ex2.approx.ftz.f32"] = One<PowerOfTwo>,
        ["cvt.rzi.s32.f32"] = One<ToSigned>, ["cvt.rni.f32.f32"] = One<RoundToEven>,
        ["cvt.rmi.f32.f32"] = One<RoundDown>, ["cvt.rn.f32.u32"] = One<FromUnsigned>,
        ["cvt.rn.f32.s32"] = One<FromSigned>, ["cvt.f32.f16"] = One<FromHalf>, ["cvt.rn.f16.f32"] = One<ToHalf>,
        ["cvt.rn.f16x2.f32"] = Word<ToHalfPair>, ["cvt.rn.bf16x2.f32"] = Word<ToBFloatPair>,
        ["add.s32"] = Vector<Add>, ["sub.s32"] = Vector<Subtract>, ["mul.lo.s32"] = Vector<Multiply>,
        ["mad.lo.s32"] = Three<MultiplyAdd>, ["mul.hi.s32"] = Word<MultiplyHigh>, ["neg.s32"] = One<Negate>,
        ["mul.wide.u16"] = Word<MultiplyHalves>, ["min.s32"] = Word<MinSigned>, ["max.s32"] = Word<MaxSigned>,
        ["div.s32"] = Word<DivideSigned>, ["rem.s32"] = Word<RemainderSigned>, ["div.u32"] = Word<DivideUnsigned>,
        ["shl.b32"] = Word<ShiftLeft>, ["shr.u32"] = Word<ShiftRight>, ["shr.s32"] = Word<ShiftRightSigned>,
        ["and.b32"] = Vector<And>, ["or.b32"] = Vector<Or>, ["xor.b32"] = Vector<Xor>,
        ["and.b16"] = Vector<And>, ["or.b16"] = Vector<Or>, ["shl.b16"] = Word<ShiftHalfLeft>,
        ["bfe.u32"] = Three<ExtractBits>,
        ["cvt.u32.u16"] = One<LowerHalf>, ["cvt.u16.u32"] = One<LowerHalf>, ["cvt.s32.s16"] = One<SignedHalf>,
        ["add.s64"] = Long<AddLong>, ["add.u64"] = Long<AddLong>, ["sub.s64"] = Long<SubtractLong>,
        ["mul.lo.s64"] = Long<MultiplyLong>, ["div.s64"] = Long<DivideLong>, ["and.b64"] = Long<AndLong>,
        ["or.b64"] = Long<OrLong>, ["mad.lo.s64"] = MultiplyAddLong,
        ["shl.b64"] = (s, o) => new ShiftLong(s.Long(o[0]), s.Long(o[1]), s.Word(o[2]), left: true),
        ["shr.u64"] = (s, o) => new ShiftLong(s.Long(o[0]), s.Long(o[1]), s.Word(o[2]), left: false),
        ["cvt.s64.s32"] = WidenOrSign, ["cvt.u64.u32"] = Widen1<FirstUnsigned>,
        ["mul.wide.s32"] = Widen<WidenSigned>, ["mul.wide.u32"] = Widen<WidenUnsigned>,
        ["cvt.u32.u64"] = (s, o) => new Narrow(s.Word(o[0]), s.Long(o[1])),
        ["setp.lt.s32"] = Comparison<Less>, ["setp.le.s32"] = Comparison<LessOrEqual>,
        ["setp.gt.s32"] = Swapped<Less>, ["setp.ge.s32"] = Swapped<LessOrEqual>,
        ["setp.eq.s32"] = Comparison<Equal>, ["setp.ne.s32"] = Comparison<NotEqual>,
        ["setp.lt.u32"] = Comparison<Below>, ["setp.gt.u32"] = Swapped<Below>, ["setp.ge.u32"] = Swapped<BelowOrEqual>,
        ["setp.lt.f32"] = Comparison<LessFloat>, ["setp.gt.f32"] = Swapped<LessFloat>,
        ["setp.leu.f32"] = Comparison<NotGreaterFloat>, ["setp.gtu.f32"] = Comparison<NotLessOrEqualFloat>,
        ["setp.neu.f32"] = Comparison<NotEqualFloat>, ["setp.nan.f32"] = Comparison<Unordered>,
        ["setp.num.f32"] = Comparison<Ordered>,
        ["setp.eq.s64"] = ComparisonLong<EqualLong>, ["setp.ne.s64"] = ComparisonLong<NotEqualLong>,
        ["setp.gt.s64"] = (s, o) => new CompareLong<LessLong>(s.Predicate(o[0]), s.Long(o[2]), s.Long(o[1])),
        ["and.pred"] = (s, o) => Predicates(s, o, (a, b) => a & b),
        ["or.pred"] = (s, o) => Predicates(s, o, (a, b) => a | b),
        ["not.pred"] = (s, o) => Predicates(s, [.. o, o[1]], (a, _) => ~a),
        ["bar.sync"] = (_, _) => new WholeWarp(_ => { }, PtxStep.Barrier),
        ["bar.warp.sync"] = (_, _) => new WholeWarp(warp => warp.Group.Shared.Races?.JoinLanes(warp.Index)),
        ["shfl.sync.bfly.b32"] = (s, o) => new Exchange(s.Word(o[0]), s.Word(o[1]), s.Word(o[2])),
        ["ldmatrix.sync.aligned.m8n8.x4.shared.b16"] = (s, o) => Matrices(s, o, transposed: false),
        ["ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16"] = (s, o) => Matrices(s, o, transposed: true),
        ["mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32"] = (s, o) => Product(s, o, Halves.Fp16),
        ["mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32"] = (s, o) => Product(s, o, Halves.Bf16),
        ["cp.async.cg.shared.global"] = (s, o) => new CopyAsynchronously(Word(s, o[0]), Long(s, o[1]), s.Word(o[3])),
        ["cp.async.commit_group"] = (_, _) => new EachLane((warp, lane) => warp.Asynchronous.CommitCopies(lane)),
        ["cp.async.wait_group"] = (_, o) =>
        {
            int most = Number(o[0]);
            return new EachLane((warp, lane) => warp.Asynchronous.WaitCopies(lane, most));
        },
        ["fence.proxy.async.shared::cta"] = (_, _) => new EachLane(
            (warp, lane) => warp.Group.Shared.Races?.Fence(warp.Index, lane)),
        ["fence.mbarrier_init.release.cluster"] = (_, _) => new EachLane((_, _) => { }),
        ["fence.proxy.tensormap::generic.acquire.sys"] = (s, o) =>
        {
            int map = Long(s, o[0]);
            return new EachLane((warp, lane) => warp.Fenced.Add((lane, warp.Longs[(map * PtxWarp.Size) + lane])));
        },
        ["mbarrier.init.shared::cta.b64"] = (s, o) =>
        {
            int address = Word(s, o[0]), arrivals = s.Word(o[1]);
            return new EachLane((warp, lane) => warp.Group.Barriers.Create(
                warp, lane, At(warp, address, lane), (int)At(warp, arrivals, lane)));
        },
        ["mbarrier.arrive.shared::cta.b64"] = (s, o) =>
        {
            int address = Word(s, o[1]);
            return new EachLane((warp, lane) => warp.Group.Barriers.Arrive(warp, At(warp, address, lane)));
        },
        ["mbarrier.arrive.expect_tx.shared::cta.b64"] = (s, o) =>
        {
            int address = Word(s, o[1]), bytes = s.Word(o[2]);
            return new EachLane((warp, lane) =>
            {
                warp.Group.Barriers.Expect(At(warp, address, lane), (int)At(warp, bytes, lane));
                warp.Group.Barriers.Arrive(warp, At(warp, address, lane));
            });
        },
        ["mbarrier.try_wait.parity.shared::cta.b64"] = (s, o) =>
            new TryWait(s.Predicate(o[0]), Word(s, o[1]), s.Word(o[2])),
        ["cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes"] = Box,
        ["wgmma.fence.sync.aligned"] = (_, _) => new WholeWarp(warp => warp.Asynchronous.Fence()),
        ["wgmma.commit_group.sync.aligned"] = (_, _) => new WholeWarp(warp => warp.Asynchronous.CommitProducts()),
        ["wgmma.wait_group.sync.aligned"] = (_, o) =>
        {
            int most = Number(o[0]);
            return new WholeWarp(warp => warp.Asynchronous.WaitProducts(most));
        },
        ["setmaxnreg.dec.sync.aligned.u32"] = (_, o) => new SetRegisters(Number(o[0])),
        ["setmaxnreg.inc.sync.aligned.u32"] = (_, o) => new SetRegisters(Number(o[0])),
    };

    /// <summary>Makes an instruction.</summary>
    /// <exception cref="PtxFault">It is not known.</exception>
    public static PtxInstruction Create(PtxScope scope, string opcode, string[] operands) =>
        Known.TryGetValue(opcode, out Func<PtxScope, string[], PtxInstruction>? create) ? create(scope, operands)
            : opcode.Split('.') is ["ld" or "st", "global" or "shared" or "local" or "param", ..] parts
                ? Access(scope, parts, operands)
                : opcode.StartsWith("wgmma.mma_async.sync.aligned.m64n", StringComparison.Ordinal)
                    ? GroupProduct(scope, opcode, operands)
                : throw new PtxFault($"{opcode} is not known");

    private static PtxInstruction Access(PtxScope scope, string[] parts, string[] operands)
    {
        bool store = parts[0] == "st";
        (string value, string place) = store ? (operands[1], operands[0]) : (operands[0], operands[1]);
        string[] values = PtxScope.List(value);
        string type = parts[^1];
        bool signed = type[0] == 's';
        PtxBank bank = scope.Bank(values[0]) ?? PtxBank.Word;
        int[] registers = [.. values.Select(name => bank == PtxBank.Long ? scope.Long(name) : scope.Word(name))];
        int vector = parts.FirstOrDefault(part => part[0] == 'v') is { } size
            ? Number(size[1..]) : 1;
        if (vector != registers.Length)
        {
            throw new PtxFault($"{registers.Length} registers, expected {vector}");
        }

        if (parts[1] == "param")
        {
            return new LoadParameter(registers[0], bank, scope.Parameter(place.Trim('[', ']')), signed);
        }

        (int address, PtxBank addressBank, long offset) = scope.Address(place);
        int bytes = Number(type[1..]) / 8;
        return new Access(
            new PtxAccess(parts[1], bytes, signed, registers, bank, address, addressBank, offset), store);
    }

    private static PtxInstruction Move(PtxScope s, string[] o) =>
        new Vector2<Move>(s.Word(o[0]), s.Word(o[1]), s.Word(o[1]));

    private static PtxInstruction MoveBits(PtxScope s, string[] o) =>
        o[0].StartsWith('{') && PtxScope.List(o[0]) is [var low, var high]
            ? new Unpack(s.Word(low), s.Word(high), s.Word(o[1]))
            : o[1].StartsWith('{') && PtxScope.List(o[1]) is [var first, var second]
                ? new Pack(s.Word(o[0]), s.Word(first), s.Word(second))
                : Move(s, o);

    private static PtxInstruction MovePredicate(PtxScope s, string[] o)
    {
        int to = s.Predicate(o[0]);
        if (int.TryParse(o[1], out int constant))
        {
            return new Predicates(to, _ => constant == 0 ? 0 : PtxWarp.Full);
        }

        int from = s.Predicate(o[1]);
        return new Predicates(to, warp => warp.Predicates[from]);
    }

    private static PtxInstruction Predicates(PtxScope s, string[] o, Func<uint, uint, uint> operation)
    {
        int a = s.Predicate(o[1]), b = s.Predicate(o[2]);
        return new Predicates(s.Predicate(o[0]), warp => operation(warp.Predicates[a], warp.Predicates[b]));
    }

    private static PtxInstruction Select(PtxScope s, string[] o) =>
        new SelectWord(s.Word(o[0]), s.Word(o[1]), s.Word(o[2]), s.Predicate(o[3]));

    private static PtxInstruction SelectLong(PtxScope s, string[] o) =>
        new SelectLong(s.Long(o[0]), s.Long(o[1]), s.Long(o[2]), s.Predicate(o[3]));

    private static PtxInstruction FusedMultiplyAdd(PtxScope s, string[] o) =>
        new FusedMultiplyAdd(s.Word(o[0]), s.Word(o[1]), s.Word(o[2]), s.Word(o[3]));

    private static PtxInstruction One<T>(PtxScope s, string[] o)
        where T : IWord1 => new Word1<T>(s.Word(o[0]), s.Word(o[1]));

    private static PtxInstruction Word<T>(PtxScope s, string[] o)
        where T : IWord2 => new Word2<T>(s.Word(o[0]), s.Word(o[1]), s.Word(o[2]));

    private static PtxInstruction Three<T>(PtxScope s, string[] o)
        where T : IWord3 => new Word3<T>(s.Word(o[0]), s.Word(o[1]), s.Word(o[2]), s.Word(o[3]));

    private static PtxInstruction Vector<T>(PtxScope s, string[] o)
        where T : IVector2 => new Vector2<T>(s.Word(o[0]), s.Word(o[1]), s.Word(o[2]));

    private static PtxInstruction Long1<T>(PtxScope s, string[] o)
        where T : ILong2 => new Long2<T>(s.Long(o[0]), s.Long(o[1]), s.Long(o[1]));

    private static PtxInstruction Long<T>(PtxScope s, string[] o)
        where T : ILong2 => new Long2<T>(s.Long(o[0]), s.Long(o[1]), s.Long(o[2]));

    private static PtxInstruction MultiplyAddLong(PtxScope s, string[] o) =>
        new MultiplyAddLong(s.Long(o[0]), s.Long(o[1]), s.Long(o[2]), s.Long(o[3]));

    private static PtxInstruction WidenOrSign(PtxScope s, string[] o) =>
        s.Bank(o[1]) == PtxBank.Long ? Long1<SignedLower>(s, o) : Widen1<FirstSigned>(s, o);

    private static PtxInstruction Widen1<T>(PtxScope s, string[] o)
        where T : IWiden2 => Widen<T>(s, [o[0], o[1], o[1]]);

    private static PtxInstruction Widen<T>(PtxScope s, string[] o)
        where T : IWiden2 => new Widen2<T>(s.Long(o[0]), s.Word(o[1]), s.Word(o[2]));

    private static PtxInstruction Comparison<T>(PtxScope s, string[] o)
        where T : ICompare => new Compare<T>(s.Predicate(o[0]), s.Word(o[1]), s.Word(o[2]));

    private static PtxInstruction Swapped<T>(PtxScope s, string[] o)
        where T : ICompare => Comparison<T>(s, [o[0], o[2], o[1]]);

    private static PtxInstruction ComparisonLong<T>(PtxScope s, string[] o)
        where T : ICompareLong => new CompareLong<T>(s.Predicate(o[0]), s.Long(o[1]), s.Long(o[2]));

    private static PtxInstruction Matrices(PtxScope s, string[] o, bool transposed) =>
        new LoadMatrices(Words(s, o[0]), Word(s, o[1]), transposed);

    private static PtxInstruction Product(PtxScope s, string[] o, float[] values) =>
        new MatrixProduct(Words(s, o[0]), Words(s, o[1]), Words(s, o[2]), Words(s, o[3]), values);

    // d += a b: the first operand in registers or rows in shared memory, the second rows or (transposed) columns there.
    private static PtxInstruction GroupProduct(PtxScope s, string opcode, string[] o)
    {
        string[] parts = opcode.Split('.');
        int columns = Number(parts[4]["m64n".Length..^"k16".Length]);
        float[] values = string.Join('.', parts[5..]) switch
        {
            "f32.f16.f16" => Halves.Fp16,
            "f32.bf16.bf16" => Halves.Bf16,
            _ => throw new PtxFault($"{opcode} is not known"),
        };
        int[] sums = Words(s, o[0]);
        int[] registers = o[1].StartsWith('{') ? Words(s, o[1]) : [];
        string[] flags = registers.Length > 0 ? ["1", "1", "1"] : ["1", "1", "1", "0"];
        return sums.Length * 2 == columns && o.AsSpan()[3..^1].SequenceEqual(flags) && o[^1] is "0" or "1"
            ? new WarpGroupProduct(
                sums, registers, registers.Length > 0 ? -1 : s.Long(o[1]), s.Long(o[2]), o[^1] == "1", values)
            : throw new PtxFault($"expected d += a b of {columns} columns, a not transposed");
    }

    private static PtxInstruction Box(PtxScope s, string[] o)
    {
        string[] source = o[1].Trim('[', ']').Split(',', 2, StringSplitOptions.TrimEntries);
        string[] place = PtxScope.List(source[1]);
        return new CopyBox(Word(s, o[0]), s.Long(source[0]), s.Word(place[0]), s.Word(place[1]), Word(s, o[2]));
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static int Word(PtxScope s, string address) => s.Word(address.Trim('[', ']'));

    private static int Long(PtxScope s, string address) => s.Long(address.Trim('[', ']'));

    private static int[] Words(PtxScope s, string list) => [.. PtxScope.List(list).Select(s.Word)];

    private static uint At(PtxWarp warp, int register, int lane) => warp.Words[(register * PtxWarp.Size) + lane];
}
