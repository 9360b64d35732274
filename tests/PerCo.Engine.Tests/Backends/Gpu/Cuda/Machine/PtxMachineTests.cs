using System.Text.RegularExpressions;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Backends.Gpu.Cuda;
using PerCo.Engine.Backends.Trials;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Gpu.Cuda.Machine;

/// <summary>
/// The machine finds mistakes: kernels from which a line was taken, and short ones that break a rule.
/// </summary>
public sealed class PtxMachineTests
{
    private const string Head = """
        .version 8.3
        .target sm_70
        .address_size 64

        .visible .entry k(.param .u64 k_param_0)
        .maxntid 64, 1, 1
        {
            .reg .pred %p<9>;
            .reg .b32 %r<9>;
            .reg .b64 %rd<9>;
            .shared .align 16 .b8 tile[256];
            ld.param.u64 %rd1, [k_param_0];
            mov.u32 %r1, %tid.x;
            shl.b32 %r2, %r1, 2;
            mov.u32 %r3, tile;
            add.s32 %r3, %r3, %r2;
        """;

    [Theory]
    [InlineData(70, "Conv2d", "conv2d", @"\tbar\.sync \t0;", "unordered|nobody")]
    [InlineData(70, "Attention", "attention", @"\tbar\.sync \t0;", "unordered|nobody")]
    [InlineData(70, "GroupNorm", "group_norm", @"\tbar\.sync \t0;", "unordered|nobody")]
    [InlineData(70, "LayerNorm", "layer_norm", @"\tbar\.sync \t0;", "unordered|nobody")]
    [InlineData(80, "Linear", "linear_mma", @"bar\.warp\.sync 0xffffffff;", "unordered|nobody")]
    [InlineData(80, "Linear", "linear_mma", @"cp\.async\.wait_group \d;", "while a copy to it is under way")]
    [InlineData(80, "Conv2d", "conv2d_mma", @"cp\.async\.commit_group;", "while a copy to it is under way")]
    [InlineData(80, "Attention", "attention_mma", @"\tbar\.sync \t0;", "unordered|under way|nobody")]
    [InlineData(90, "Linear", "linear_wgmma", @"wgmma\.wait_group\.sync\.aligned 0;", "register of a product")]
    [InlineData(90, "Linear", "linear_wgmma", @"wgmma\.wait_group\.sync\.aligned 1;", "unordered")]
    [InlineData(90, "Linear", "linear_wgmma", @"wgmma\.fence\.sync\.aligned;", "no wgmma.fence")]
    [InlineData(90, "Linear", "linear_wgmma", @"cp\.async\.wait_group 2;", "under way")]
    [InlineData(90, "Linear", "linear_wgmma", @"fence\.proxy\.async[^;]*;", "without fence.proxy.async")]
    [InlineData(90, "Linear", "linear_wgmma", @"fence\.proxy\.tensormap[^;]*;", "was not fenced")]
    [InlineData(90, "Linear", "linear_wgmma", @"mbarrier\.init[^;]*;", "no barrier")]
    [InlineData(90, "Conv2d", "conv2d_wgmma", @"mbarrier\.arrive\.shared[^;]*;", "all warps wait")]
    [InlineData(90, "Conv2d", "conv2d_wgmma", @"mbarrier\.arrive\.expect_tx[^;]*;", "bytes for the barrier")]
    [InlineData(90, "Attention", "attention_wgmma", @"wgmma\.wait_group\.sync\.aligned 1;", "register of a product")]
    [InlineData(90, "Attention", "attention_wgmma", @"setmaxnreg\.dec[^;]*;", "all warps wait")]
    [InlineData(90, "Attention", "attention_wgmma", @"cp\.async\.wait_group 1;", "under way")]
    public void A_line_that_is_missing_is_missed(int capability, string op, string program, string line, string fault)
    {
        int taken = 0;
        var device = new PtxDevice();
        using var machine = new CudaMachine(device)
        {
            Edit = text => text.Contains($".entry {program}(", StringComparison.Ordinal)
                ? Regex.Replace(text, line, _ => $"// {++taken}") : text,
        };
        using GpuBackend backend = machine.Open(
            capability, new GpuOptions { Precision = GpuPrecision.Fp16, Check = false });
        foreach (KernelVariant variant in KernelVariants.All.Where(variant => variant.Name == program))
        {
            backend.Trust(variant);
        }

        Assert.ThrowsAny<PerCoException>(() =>
        {
            foreach (OpTrial trial in OpTrials.Short.Where(trial => trial.Op == op))
            {
                _ = trial.Run(backend, GpuPrecision.Fp16);
            }
        });
        Assert.True(taken > 0);
        Assert.Matches(fault, machine.Fault);
    }

    [Theory]
    [InlineData("st.shared.u32 [%r3+4], %r1;", "bytes at 256 of shared memory, which has 256")]
    [InlineData("add.s32 %r3, %r3, 2;\nst.shared.u32 [%r3], %r1;", "is not a multiple of 4")]
    [InlineData("ld.global.u32 %r4, [%rd1+256];", "256 bytes into an allocation of 256")]
    [InlineData("ld.global.v4.u32 {%r4, %r5, %r6, %r7}, [%rd1+8];", "not aligned")]
    [InlineData("mov.u64 %rd1, 64;\nld.global.u32 %r4, [%rd1];", "of device memory at 40")]
    [InlineData("setp.lt.u32 %p1, %r1, 40;\n@%p1 bra X;\nbar.sync 0;\nX:\nbar.sync 0;",
        "different instructions that all must execute together")]
    [InlineData("setp.lt.u32 %p1, %r1, 40;\n@%p1 bra X;\nbar.sync 0;\nX:\nret;",
        "what all must execute|after a warp has ended")]
    [InlineData("st.shared.u32 [tile], %r1;", "warp . lane 1 writes 0, which warp . lane 0 writes unordered")]
    [InlineData("st.shared.u32 [%r3], %r1;\nbar.warp.sync -1;\nst.shared.u32 [%r3], %r1;\n"
        + "xor.b32 %r2, %r2, 4;\nmov.u32 %r3, tile;\nadd.s32 %r3, %r3, %r2;\n"
        + "ld.shared.u32 %r4, [%r3];", "lane . reads .*, which warp . lane . writes unordered")]
    [InlineData("ld.shared.u32 %r4, [%r3];", "which nobody has written")]
    [InlineData("mov.u32 %r4, 0;\ndiv.s32 %r4, %r1, %r4;", "division by zero")]
    public void A_rule_that_is_broken_is_told(string code, string fault)
    {
        PtxFault found = Assert.Throws<PtxFault>(() => Run(code));
        Assert.StartsWith("k, group 0,0,0", found.Message, StringComparison.Ordinal);
        Assert.Matches(fault, found.Message);
    }

    [Theory]
    [InlineData("foo.b32 %r1, %r2;", "line 17: foo.b32 is not known")]
    [InlineData("add.s32 %r1, x2, %r2;", "line 17: x2 is not known")]
    [InlineData("add.s32 %r1, %x2, %r2;", "line 17: %x2 is not known")]
    [InlineData("add.s32 %r1, %rd2, %r2;", "line 17: %rd2 is of bank Long, expected Word")]
    public void What_is_not_known_is_not_run(string code, string fault) =>
        Assert.Equal(fault, Assert.Throws<PtxFault>(() => Run(code)).Message);

    [Fact]
    public void Lanes_that_part_meet_again_and_what_was_never_written_is_not_a_number()
    {
        uint[] result = Run(
            """
                and.b32 %r4, %r1, 3;
                mov.u32 %r5, 0;
            L:
                add.s32 %r5, %r5, 10;
                add.s32 %r4, %r4, -1;
                setp.ge.s32 %p1, %r4, 0;
                @%p1 bra L;
                st.shared.u32 [%r3], %r5;
                bar.sync 0;
                sub.s32 %r3, 252, %r2;
                ld.shared.u32 %r6, [%r3];
                cvt.u64.u32 %rd2, %r2;
                add.s64 %rd2, %rd1, %rd2;
                setp.lt.u32 %p2, %r1, 32;
                @%p2 st.global.u32 [%rd2], %r6;
            """);
        Assert.Equal(
            Enumerable.Range(0, 64).Select(i => i < 32 ? (uint)(((63 - i) % 4) + 1) * 10 : PtxDevice.Poison), result);
    }

    // 64 work-items, %r1 their number, %r3 their place in 256 bytes of shared memory, %rd1 256 bytes of device memory.
    private static unsafe uint[] Run(string code)
    {
        using var device = new PtxDevice();
        PtxKernel kernel = PtxReader.Read($"{Head}\n{code}\nret;\n}}")["k"];
        nint memory = device.Allocate(256);
        device.Run(new PtxLaunch(device, kernel, 1, 1, 1, kernel.StaticShared, [(ulong)memory]));
        return new ReadOnlySpan<uint>((void*)memory, 64).ToArray();
    }
}
