using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Worker.Masking;

public sealed class MaskRootsTests
{
    private static readonly RunId s_run = RunId.Parse("0123456789abcdef");

    private readonly SimulatedDisk _disk = new(1);
    private int _drawn;

    [Fact]
    public void Root_that_was_given_is_there_after_a_loss_of_power_and_is_never_drawn_again()
    {
        var root = Roots().Of(s_run, isNew: true)!.Value.ToArray();
        _disk.Crash();
        _disk.Restart(powerLoss: true);

        Assert.Equal(root, Roots().Of(s_run, isNew: true)!.Value.ToArray());
        Assert.Equal(1, _drawn);
    }

    [Fact]
    public void Root_that_is_gone_is_not_replaced_by_another()
    {
        Assert.Null(Roots().Of(s_run, isNew: false));
        Assert.Equal(0, _drawn);
    }

    [Fact]
    public void Roots_of_two_runs_differ()
    {
        var roots = Roots();

        Assert.NotEqual(roots.Of(s_run, isNew: true)!.Value.ToArray(), roots.Of(RunId.Parse("00000000000000aa"), isNew: true)!.Value.ToArray());
    }

    private MaskRoots Roots() => new(_disk, length => [.. Enumerable.Repeat((byte)++_drawn, length)]);
}
