using System.Globalization;
using System.Text.RegularExpressions;
using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Cli.Privacy;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Demo;

/// <summary>A demo under differential privacy: each hospital allows one budget, the study has the noise with which a run needs just that, and each hospital's ledger is shown.</summary>
/// <param name="Ceiling">What each hospital allows, in total, for the study and in a year.</param>
internal sealed partial record DemoPrivacy(PrivacyCeiling Ceiling)
{
    private const string Delta = "1e-6";

    /// <summary>A hospital's policy: the default, with ceilings.</summary>
    public string Policy
    {
        get
        {
            var ceiling = string.Create(CultureInfo.InvariantCulture, $"{{epsilon: {Ceiling.Epsilon.ToDouble():R}, delta: {Delta}}}");
            return PolicyReader.Default.Replace("\nprivacy: none\n", $"\nprivacy: {{total: {ceiling}, study: {ceiling}, year: {ceiling}}}\n", StringComparison.Ordinal);
        }
    }

    /// <summary>Reads the budget.</summary>
    public static DemoPrivacy Of(string epsilon) => Rational.OfDecimal(epsilon) is { Sign: > 0 } value && value <= Rational.Of(100)
        ? new DemoPrivacy(new PrivacyCeiling(value, Rational.OfDecimal(Delta)!))
        : throw new CliException(ExitCode.Usage, "--epsilon is a number above 0 and not above 100, such as 3.");

    /// <summary>The example under differential privacy that stands beside another.</summary>
    public static string ExampleOf(string example) => example.Replace(".yaml", "-dp.yaml", StringComparison.Ordinal);

    /// <summary>The example with the noise that the budget needs.</summary>
    public string WithNoise(string yaml, Study study)
    {
        var multiplier = StudyNoise.Within(Ceiling, study)
            ?? throw new CliException(ExitCode.Usage, string.Create(CultureInfo.InvariantCulture, $"No noise keeps the example under epsilon {Ceiling.Epsilon.ToDouble()}: its evaluation alone costs more. Take a greater --epsilon."));
        return Multiplier().Replace(yaml, string.Create(CultureInfo.InvariantCulture, $"noise-multiplier: {multiplier}"), 1);
    }

    /// <summary>Shows what each hospital's ledger holds.</summary>
    public static async Task ShowAsync(LocalFederation federation, Terminal terminal, CancellationToken cancel)
    {
        var table = new Table { Title = new TableTitle("what was spent of the patients' privacy, by each hospital's ledger") }.AddColumns("hospital", "releases charged", "epsilon spent", "of", "delta");
        foreach (var site in federation.Sites)
        {
            var population = LedgerReply.Parser.ParseJson(await site.WorkerVerbAsync(["ledger", "show", "--json"], cancel)).Populations.Single();
            var total = population.Accounts.Single(account => account.Scope == "total");
            var charged = population.Runs.Sum(run => run.Released);
            table.AddRow(site.Name, $"{charged}", Text($"{total.Spent:0.000}"), Text($"{total.Ceiling:0.###}"), Text($"{total.Delta:0.##e+0}"));
            terminal.Emit("ledger", new { site = site.Name, charged, spent = total.Spent, ceiling = total.Ceiling, delta = total.Delta });
        }

        terminal.Show(table);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"noise-multiplier: [0-9.]+")]
    private static partial Regex Multiplier();
}
