using System.CommandLine;
using System.Globalization;
using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.SiteAgent.Worker;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Privacy;

/// <summary><c>fcml privacy plan</c>: which noise a study needs to stay under a ceiling, or what it has spent with the noise that it has.</summary>
internal static class PlanVerb
{
    private const int Rows = 10;
    private const int Points = 40;

    // In squared grid units, as fine as updates travel: the discrete noise on it is as good as continuous noise of the same multiplier.
    private static readonly Rational SquaredSensitivity = Rational.Of(1L << 40);

    public static Verb Create()
    {
        var epsilon = Number("--epsilon", "The ceiling's epsilon.", "3");
        var delta = Number("--delta", "The ceiling's delta; well below one over the number of patients.", "1e-6");
        var rate = Number("--sampling-rate", "The chance with which each patient is drawn for a step; 1: all take part.", "1");
        var study = new Option<FileInfo>("--study") { Description = "A study that declares privacy.dp: says which noise one run of it needs, its evaluations included, and what the noise that it has costs. Instead of --rounds and what goes with it." }.AcceptExistingOnly();
        var rounds = new Option<int>("--rounds") { Description = "Rounds of the study." };
        var steps = new Option<int>("--steps") { Description = "Noisy steps of a round at a site.", DefaultValueFactory = _ => 1 };
        var count = new Option<string>("--counts") { Description = "Epsilon of what else each round releases with discrete Laplace noise, such as its counts; 0: nothing.", DefaultValueFactory = _ => "0" };
        var noise = new Option<string?>("--noise") { Description = "The noise multiplier that the study has: shows what is spent with it, instead of looking for the least." };
        var basis = new Option<string>("--basis") { Description = "Whose word the noise is to satisfy: the sites' ledgers, or a schedule's loss distribution, by which a ledger of the same ceiling stops before the last round.", DefaultValueFactory = _ => "ledger" };
        basis.AcceptOnlyFromAmong("ledger", "loss-distribution");
        var svg = new Option<FileInfo?>("--svg") { Description = "Writes the plot to this file." };
        var html = new Option<FileInfo?>("--html") { Description = "Writes plot and table to this file, as one page." };
        var verb = new Verb(
            "plan", "Say which noise keeps a study under a ceiling, or with --noise what it has spent, round by round.",
            "fcml privacy plan --epsilon 3 --rounds 20 --sampling-rate 0.05 --steps 20", "fcml privacy plan --noise 1.1 --rounds 20 --sampling-rate 0.05 --steps 20 --html spent.html", "fcml privacy plan --study my-study.yaml --epsilon 3")
        {
            study, epsilon, delta, rounds, rate, steps, count, noise, basis, svg, html,
        };
        foreach (var positive in (Option<int>[])[rounds, steps])
        {
            positive.Validators.Add(result =>
            {
                if (result.GetValueOrDefault<int>() is < 1 or > 1_000_000)
                    result.AddError($"{positive.Name} is a whole number from 1 to 1000000.");
            });
        }

        verb.Validators.Add(result =>
        {
            Option[] ofRounds = [rounds, rate, steps, count, noise, basis, svg, html];
            if (result.GetResult(study) is null && result.GetResult(rounds) is null)
                result.AddError("--rounds is needed, or --study.");
            else if (result.GetResult(study) is not null && ofRounds.FirstOrDefault(option => result.GetResult(option) is { Implicit: false }) is { } other)
                result.AddError($"A study says itself what {other.Name} says: leave that out with --study.");
        });
        return verb.Does((parsed, terminal, _) => Task.FromResult(parsed.GetValue(study) is { } file ? Run(new PrivacyCeiling(In(parsed, epsilon, 100), In(parsed, delta, 0.01)), file, terminal) : Run(
            new PrivacyCeiling(In(parsed, epsilon, 100), In(parsed, delta, 0.01)),
            new RoundShape(In(parsed, rate, 1), parsed.GetValue(steps), SquaredSensitivity, 1, Counts(parsed, count)),
            parsed.GetValue(rounds), parsed.GetValue(noise) is { } given ? Thousandths(given) : null, parsed.GetValue(basis) == "ledger" ? PlanBasis.Ledger : PlanBasis.LossDistribution, parsed.GetValue(svg), parsed.GetValue(html), terminal)));
    }

    private static ExitCode Run(
        PrivacyCeiling ceiling, RoundShape shape, int rounds, int? noise, PlanBasis basis, FileInfo? svg, FileInfo? html, Terminal terminal)
    {
        if ((long)rounds * shape.Steps > PrivacyLoss.MaximumSteps)
            throw new CliException(ExitCode.Usage, $"{rounds} rounds of {shape.Steps} steps are more than the {PrivacyLoss.MaximumSteps} that can be accounted for; plan for fewer.");
        var plan = noise is { } given ? new PrivacyPlan(ceiling, shape, given)
            : PrivacyPlan.NoiseFor(ceiling, shape, rounds, basis)
            ?? throw new CliException(ExitCode.InvalidInput, "Not even noise of a thousand times the sensitivity keeps so many rounds under this ceiling. Take fewer rounds or steps, a lower sampling rate, or cheaper counts.");
        var picture = new PlanPicture(plan, shape, plan.Curve(rounds, Points));
        var last = picture.Last;
        terminal.Say(noise is null
            ? Text($"Noise multiplier [bold]{plan.Noise / 1000.0:0.000}[/] keeps {rounds} rounds under {picture.Ceiling}{(basis == PlanBasis.Ledger ? ", by the ledger's count" : ", by the loss distribution: a ledger of the same ceiling stops before the last round")}.")
            : Text($"{rounds} rounds with noise multiplier {plan.Noise / 1000.0:0.000} have spent epsilon [bold]{last.Ledger:0.000}[/] by the ledger's count, {picture.Share(last)} of {picture.Ceiling}."));
        terminal.Say(Text($"The same rounds, as a schedule fixed beforehand, cost epsilon {last.Loss.Upper:0.000} by their loss distribution (proved; at least {last.Loss.Lower:0.000})."));
        picture.Show(terminal, Rows);
        foreach (var point in picture.Curve)
        {
            terminal.Emit("spent", new { point.Rounds, noise = plan.Noise / 1000.0, ledger = point.Ledger, lossUpper = point.Loss.Upper, lossLower = point.Loss.Lower, ceiling = ceiling.Epsilon.ToDouble(), delta = ceiling.Delta.ToDouble() });
        }

        Write(svg, picture.Svg(), terminal);
        Write(html, picture.Html(Rows), terminal);
        return ExitCode.Success;
    }

    private static ExitCode Run(PrivacyCeiling ceiling, FileInfo file, Terminal terminal)
    {
        var study = StudyFile.Read(file);
        if (study.Privacy is not { } declared)
            throw new CliException(ExitCode.InvalidInput, $"{file.FullName} declares no differential privacy (privacy.dp), so there is nothing to plan.");
        double spent;
        try
        {
            spent = PrivacyFilter.Under(ceiling).EpsilonAfter(PrivateStudy.Of(study).Cost);
        }
        catch (ArgumentException unsound)
        {
            throw new CliException(ExitCode.InvalidInput, $"What {file.FullName} declares under privacy.dp cannot be run: {unsound.Message}");
        }

        var needed = StudyNoise.Within(ceiling, study);
        var limit = Text($"epsilon {ceiling.Epsilon.ToDouble():0.####} at delta {ceiling.Delta.ToDouble():0.##e+0}");
        terminal.Say(Text($"With its noise multiplier {declared.NoiseMultiplier:0.###}, one run of {study.Name} costs each site epsilon [bold]{spent:0.000}[/], by the ledger's count, of {limit}."));
        terminal.Say(needed is { } multiplier
            ? Text($"Noise multiplier [bold]{multiplier:0.000}[/] is the least that keeps one run under {limit}, its evaluations as they are declared. A step that is tried again costs more.")
            : $"No noise in training keeps it under {limit}: its evaluations alone cost more. Give privacy.dp.evaluation more noise, or evaluate less often.");
        terminal.Emit("plan", new { study = study.Name, noise = declared.NoiseMultiplier, ledger = spent, needed, ceiling = ceiling.Epsilon.ToDouble(), delta = ceiling.Delta.ToDouble() });
        return ExitCode.Success;
    }

    private static Option<string> Number(string name, string description, string fallback) =>
        new(name) { Description = description, DefaultValueFactory = _ => fallback };

    private static Rational In(ParseResult parsed, Option<string> option, double most) =>
        Rational.OfDecimal(parsed.GetRequiredValue(option)) is { Sign: > 0 } value && value.ToDouble() <= most ? value
        : throw new CliException(ExitCode.Usage, string.Create(CultureInfo.InvariantCulture, $"{option.Name} is a number above 0 and not above {most}."));

    private static System.Collections.Immutable.ImmutableArray<PrivacyCharge> Counts(ParseResult parsed, Option<string> option) =>
        Rational.OfDecimal(parsed.GetRequiredValue(option)) is not { } value || value > Rational.Of(100) ? throw new CliException(ExitCode.Usage, $"{option.Name} is a number from 0 to 100, such as 0.01.")
        : value.Sign == 0 ? [] : [new PureCharge(value)];

    // Rounded down: what is shown is not less than what is spent.
    private static int Thousandths(string text) =>
        Rational.OfDecimal(text) is { } value && value >= Rational.Of(1, 8) && value <= Rational.Of(1000) ? (int)Math.Floor((value * Rational.Of(1000)).ToDouble())
        : throw new CliException(ExitCode.Usage, "--noise is a number from 0.125 to 1000, such as 1.1.");

    private static void Write(FileInfo? file, string text, Terminal terminal)
    {
        if (file is null)
            return;
        File.WriteAllText(file.FullName, text);
        terminal.Say($"Wrote {file.FullName.EscapeMarkup()}.");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
