using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Cli.Privacy;

namespace FederatedClinicalMl.Tests.Cli.Privacy;

public sealed class AuditVerbTests
{
    private static readonly AuditedMechanism s_shipped = AuditedMechanism.All.Single(mechanism => !mechanism.IsPlanted);

    [Fact]
    public async Task Audit_proves_less_than_is_claimed_of_what_ships_and_more_of_each_planted_bug()
    {
        var (code, output, error) = await CommandRun.FcmlWithOutputAsync("privacy", "audit", "--json");

        Assert.True(code == (int)ExitCode.Success, $"exit code {code}: {error}");
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal(
            ["private training as it ships", "noise divided by 4", "first layer not clipped", "sampling seed reused", "patient counted as rows"],
            lines.Select(line => (string?)line["mechanism"]));
        Assert.All(lines, line => Assert.Equal((bool)line["planted"]!, (double)line["bound"]! > (double)line["claim"]!));
        Assert.True((double)lines[0]["bound"]! > 0); // what ships leaks, and the attack sees it: a bound of 0 would be an attack that does not work
    }

    [Theory]
    [InlineData(false, "noise divided by 4")] // passed off as what ships: its claim is broken
    [InlineData(true, "private training as it ships")] // passed off as a bug: it is missed
    public void Verdict_that_is_not_as_it_should_be_ends_the_audit_with_a_fault(bool planted, string name)
    {
        var mechanism = AuditedMechanism.All.Single(one => one.Name == name) with { IsPlanted = planted };

        var fault = Assert.Throws<CliException>(() => AuditVerb.Run([mechanism], 1, Terminal.Silent, TestContext.Current.CancellationToken));

        Assert.Equal(ExitCode.NotVerified, fault.Code);
        Assert.Contains(name, fault.Message, StringComparison.Ordinal);
    }

    /// <summary>The planted step differs from what ships by its bug alone: where no layer is forgotten, a step's sums are equal to within what float32 and the bounded norms of the trainer are off.</summary>
    [Fact]
    public void Step_that_forgets_no_layer_is_the_trainers()
    {
        var game = new AuditGame(1, s_shipped.Name);
        var trained = s_shipped.Begin(game)(AuditedTraining.Plan.InitialParameters(), 0);

        var greatest = AuditedTraining.Declared.ClippingNorm * AuditedTraining.Declared.CodesPerUnit;
        Assert.InRange(Distance(trained, clippedFrom: 0), 0, greatest / 50);
        Assert.InRange(Distance(trained, AuditedTraining.Plan.Layers[1].Weight.Offset), 10 * greatest, double.PositiveInfinity);

        double Distance(long[] codes, int clippedFrom)
        {
            var other = new UnclippedLayer(game, clippedFrom).Step(AuditedTraining.Plan.InitialParameters(), 0);
            return Math.Sqrt(codes.Zip(other, (left, right) => (double)(left - right) * (left - right)).Sum());
        }
    }
}
