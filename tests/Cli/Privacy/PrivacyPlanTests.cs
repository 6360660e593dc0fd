using System.Globalization;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Cli.Privacy;

public sealed class PrivacyPlanTests : IDisposable
{
    private static readonly string[] s_rounds = ["--rounds", "20", "--sampling-rate", "0.05", "--steps", "20"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Noise_thatIsPlannedForTheLedger_letsEveryRoundPass_andALittleLessDoesNot()
    {
        var last = (await PointsAsync(["--epsilon", "3"]))[^1];

        Assert.Equal(20, (int)last["rounds"]!);
        Assert.InRange((double)last["ledger"]!, 2.9, 3);
        Assert.True((double)last["lossUpper"]! < (double)last["ledger"]! && (double)last["lossLower"]! <= (double)last["lossUpper"]!);
        var noise = (double)last["noise"]!;
        Assert.Equal(20, Fits(noise));
        Assert.True(Fits(noise - 0.001) < 20);
    }

    [Fact]
    public async Task Noise_byTheLossDistribution_isLess_andItsLedgerGoesBeyond()
    {
        var last = (await PointsAsync(["--epsilon", "3", "--basis", "loss-distribution"]))[^1];

        Assert.True((double)last["lossUpper"]! <= 3);
        Assert.True((double)last["ledger"]! > 3);
        Assert.True((double)last["noise"]! < (double)(await PointsAsync(["--epsilon", "3"]))[^1]["noise"]!);
    }

    [Fact]
    public async Task Spending_withAGivenNoise_isThatOfTheFilter_andGrowsWithEveryPointAndWithCounts()
    {
        var points = await PointsAsync(["--noise", "1.1"]);
        var charge = Round(1.1);
        var spent = PrivacyFilter.Under(new PrivacyCeiling(Rational.Of(3), Rational.Of(1, 1_000_000))).EpsilonAfter(RenyiCurve.Of(charge).Times(20));

        Assert.Equal(spent, (double)points[^1]["ledger"]!, 9);
        Assert.Equal(points.OrderBy(point => (double)point["ledger"]!).ToList(), points);
        Assert.True((double)(await PointsAsync(["--noise", "1.1", "--counts", "0.1"]))[^1]["ledger"]! > spent);
    }

    [Fact]
    public async Task Files_areWholeByThemselves()
    {
        var (svg, html) = (Path.Combine(_folder.Path, "plan.svg"), Path.Combine(_folder.Path, "plan.html"));
        var (code, output, error) = await CommandRun.FcmlWithOutputAsync(["privacy", "plan", "--noise", "1.1", .. s_rounds, "--svg", svg, "--html", html]);

        Assert.Equal((0, ""), (code, error));
        Assert.Contains("have spent epsilon", output, StringComparison.Ordinal);
        Assert.Contains("█", output, StringComparison.Ordinal);
        Assert.Equal("svg", XDocument.Load(svg).Root!.Name.LocalName);
        var page = await File.ReadAllTextAsync(html, TestContext.Current.CancellationToken);
        Assert.Contains("<svg", page, StringComparison.Ordinal);
        Assert.Single(page.Split("http").Skip(1)); // SVG's own namespace
    }

    [Theory]
    [InlineData("--epsilon", "0", "--epsilon is a number above 0 and not above 100")]
    [InlineData("--delta", "0.5", "--delta is a number above 0 and not above 0.01")]
    [InlineData("--sampling-rate", "2", "--sampling-rate is a number above 0 and not above 1")]
    [InlineData("--noise", "0.01", "--noise is a number from 0.125 to 1000")]
    [InlineData("--counts", "-1", "--counts is a number from 0 to 100")]
    [InlineData("--counts", "50", "Not even noise of a thousand times")]
    [InlineData("--steps", "1000000", "are more than the 10000000")]
    public async Task Input_thatCannotBePlannedFor_isSaid(string option, string value, string sentence)
    {
        var (code, error) = await CommandRun.FcmlAsync("privacy", "plan", "--rounds", "20", option, value);

        Assert.NotEqual(0, code);
        Assert.Contains(sentence, error, StringComparison.Ordinal);
    }

    private static GaussianCharge Round(double noise) => new(
        Rational.Of(1, 20), Rational.Of(1L << 40), Rational.Of(1L << 40) * Rational.OfDecimal(noise.ToString("0.000", CultureInfo.InvariantCulture))! * Rational.OfDecimal(noise.ToString("0.000", CultureInfo.InvariantCulture))!, 1, 20);

    private static long Fits(double noise) => PrivacyFilter.Under(new PrivacyCeiling(Rational.Of(3), Rational.Of(1, 1_000_000))).Remaining(Round(noise));

    private static async Task<List<JsonNode>> PointsAsync(string[] options)
    {
        var (code, output, error) = await CommandRun.FcmlWithOutputAsync(["privacy", "plan", .. options, .. s_rounds, "--json"]);
        Assert.Equal((0, ""), (code, error));
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
    }

    [Fact]
    public async Task Plan_of_a_study_says_what_a_run_costs_and_the_least_noise_that_it_needs()
    {
        var study = Path.Combine(Path.GetDirectoryName(Here())!, "../../../docs/how-to/examples/heart-disease-dp.yaml");

        var (code, output, _) = await CommandRun.FcmlWithOutputAsync("privacy", "plan", "--study", study, "--epsilon", "2", "--json");

        Assert.Equal(0, code);
        var plan = JsonNode.Parse(output.Split('\n').First(line => line.Contains("\"plan\"", StringComparison.Ordinal)))!;
        Assert.True((double)plan["ledger"]! > 2); // it is made for a little more
        Assert.True((double)plan["needed"]! > (double)plan["noise"]!);
    }

    [Theory]
    [InlineData("heart-disease.yaml", "declares no differential privacy")]
    [InlineData("heart-disease-dp.yaml", "leave that out", "--rounds", "3")]
    public async Task Plan_of_a_study_that_has_no_noise_or_of_numbers_beside_it_is_refused(string name, string says, params string[] words)
    {
        var study = Path.Combine(Path.GetDirectoryName(Here())!, "../../../docs/how-to/examples", name);

        var (code, error) = await CommandRun.FcmlAsync(["privacy", "plan", "--study", study, .. words]);

        Assert.NotEqual(0, code);
        Assert.Contains(says, error, StringComparison.Ordinal);
    }

    private static string Here([System.Runtime.CompilerServices.CallerFilePath] string file = "") => file;
}
