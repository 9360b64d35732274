namespace PerCo.Engine.Codec.Captions;

/// <summary>
/// Codes Unicode scalar values outside printable ASCII, in either direction: within the 128 around the last one, or by
/// the script that they belong to. The tables are part of the file format, so they do not follow newer versions of
/// Unicode.
/// </summary>
internal sealed class ScalarCoder
{
    private const int BlockBits = 7;
    private const int BlockSize = 1 << BlockBits;
    private const uint CommonWeight = 6;
    private const uint SeenWeight = 24;

    // Ideographs that are frequent in descriptions, in Chinese or Japanese.
    private const string CommonIdeographs =
        "的一是在人有个上不了中大和小着两男女子孩狗只色白黑红蓝绿黄坐站走跑跳玩穿戴拿手头衣服帽车路街水海滩山树草地天空前后面里外边旁下左" +
        "右间桌椅窗门房屋建筑城市公园雪冰花鸟猫马牛羊球网足篮骑自行摩托火飞机船桥河湖看吃喝食物盘杯蛋糕包果菜厨客厅卧室床多三四五六群年轻" +
        "老高长短片照背景阳光夜晚日月云雨岩石沙木铁金灯电脑视书牌标志正把从对们这那它他她我你出来去到过向與國學時間東西南北京本語家族友達" +
        "性供犬歩座立見飲持赤青緑黒写真道川夏冬春秋店場所動二好美明亮古代式样品文字母数据图画具体育运生活动作工程师学校医院商业区域农田野";

    // First, last, frequency at the start; the frequent ideographs come before all, and the last row covers all.
    private static readonly (int First, int Last, uint Frequency)[] Scripts =
    [
        (0xA0, 0x17F, 40), (0x180, 0x36F, 3), (0x370, 0x3FF, 6), (0x400, 0x52F, 24), (0x530, 0x58F, 1),
        (0x590, 0x5FF, 4), (0x600, 0x6FF, 8), (0x900, 0x97F, 6), (0x980, 0xDFF, 4), (0xE00, 0xE7F, 4),
        (0x1E00, 0x1EFF, 6), (0x1F00, 0x1FFF, 1), (0x2010, 0x205F, 12), (0x20A0, 0x2BFF, 4), (0x3000, 0x303F, 4),
        (0x3040, 0x30FF, 12), (0x4E00, 0x9FFF, 12), (0xAC00, 0xD7A3, 12), (0xFE00, 0xFE0F, 2), (0xFF00, 0xFFEF, 3),
        (0x1F300, 0x1FAFF, 12), (0, 0x10FFFF, 1),
    ];

    private const uint CommonIdeographsFrequency = 16;

    // Small letters, and what else is most of a text in its script.
    private static readonly (int First, int Last)[] Common =
    [
        (0xE0, 0xFF), (0x3AC, 0x3CE), (0x430, 0x44F), (0x5D0, 0x5EA), (0x627, 0x64A), (0x905, 0x94D),
        (0xE01, 0xE4C), (0x3042, 0x3093), (0x30A2, 0x30F3),
    ];

    private readonly SymbolCoder _coder;
    private readonly AdaptiveFrequencies _scripts;
    private readonly Dictionary<int, AdaptiveFrequencies> _near = [];
    private readonly List<int> _seen = [];
    private readonly uint[] _offsets = new uint[BlockSize];

    /// <summary>Starts a caption.</summary>
    public ScalarCoder(SymbolCoder coder)
    {
        _coder = coder;
        _scripts = new AdaptiveFrequencies(32, [CommonIdeographsFrequency, .. Scripts.Select(s => s.Frequency)]);
    }

    /// <summary>Codes one scalar value.</summary>
    /// <exception cref="PerCoException">What is read is a surrogate.</exception>
    public int Code(int scalar)
    {
        int coded = _seen.Count > 0 && IsNear(scalar) ? CodeOffset(scalar) : CodeScript(scalar);
        _seen.Add(coded);
        return coded;
    }

    // Whether this one is within the last one's 128 becomes a habit of each script.
    private bool IsNear(int scalar)
    {
        int last = _seen[^1];
        int script = ScriptOf(last);
        if (!_near.TryGetValue(script, out AdaptiveFrequencies? near))
        {
            near = new AdaptiveFrequencies(16, 8, 12);
            _near.Add(script, near);
        }

        return near.Code(_coder, scalar >> BlockBits == last >> BlockBits ? 1 : 0) == 1;
    }

    private int CodeOffset(int scalar)
    {
        int block = _seen[^1] & ~(BlockSize - 1);
        _offsets.AsSpan().Fill(1);
        foreach ((int first, int last) in Common)
        {
            for (int c = Math.Max(first, block); c <= last && c < block + BlockSize; c++)
            {
                _offsets[c - block] = CommonWeight;
            }
        }

        foreach (int c in _seen)
        {
            if ((c & ~(BlockSize - 1)) == block)
            {
                _offsets[c - block] += SeenWeight;
            }
        }

        return block + _coder.Code(scalar & (BlockSize - 1), _offsets);
    }

    private int CodeScript(int scalar)
    {
        int coded = _scripts.Code(_coder, ScriptOf(scalar));
        if (coded == 0)
        {
            int index = _coder.CodeUniform(CommonIdeographs.IndexOf((char)scalar), CommonIdeographs.Length);
            return CommonIdeographs[index];
        }

        (int first, int last, _) = Scripts[coded - 1];
        int result = first + _coder.CodeUniform(scalar - first, last - first + 1);
        return result is >= 0xD800 and <= 0xDFFF
            ? throw new PerCoException("The caption holds a lone surrogate: the file is damaged.")
            : result;
    }

    // 0 for the frequent ideographs, else one more than the first row that holds it. Reading passes -1, and ignores it.
    private static int ScriptOf(int scalar)
    {
        if (scalar is >= 0x4E00 and <= 0x9FFF && CommonIdeographs.Contains((char)scalar))
        {
            return 0;
        }

        return 1 + Array.FindIndex(Scripts, s => scalar >= s.First && scalar <= s.Last);
    }
}
