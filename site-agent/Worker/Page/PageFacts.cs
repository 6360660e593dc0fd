using System.Collections.Immutable;
using System.Globalization;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>Everything that a study's page is made from: what was asked, what this site allows, and what has happened here.</summary>
/// <param name="Site">This site.</param>
/// <param name="Study">The study.</param>
/// <param name="Record">What was decided about it.</param>
/// <param name="Policy">The site's policy.</param>
/// <param name="Findings">The policy held against the study.</param>
/// <param name="Members">Each site whose worker key the study names, with the word of <see cref="MemberDesk.StatesOf"/>.</param>
/// <param name="State">The worker's state.</param>
/// <param name="Population">The population that the study's data set is charged to; null: datasets.yaml maps no such data set.</param>
/// <param name="Today">The day, UTC.</param>
public sealed record PageFacts(
    SiteId Site,
    Study Study,
    StudyRecord Record,
    PolicyReading Policy,
    ImmutableArray<PolicyFinding> Findings,
    ImmutableArray<(SiteId Site, string State)> Members,
    WorkerState State,
    string? Population,
    DateOnly Today)
{
    /// <summary>Values of an update.</summary>
    internal int Dimension { get; } = ModelPlan.For(Study).Layout.Dimension;

    /// <summary>How many hospitals the study names; 0: none, whoever is enrolled and has approved is invited.</summary>
    internal int Hospitals => Study.Federation.Sites.Length;

    /// <summary>Whether the study reads patients' data at all.</summary>
    internal bool ReadsData => Study.Model is not BenchmarkModel;

    internal int Rounds => Study.Federation.Rounds;

    /// <summary>After how many rounds of a run scores are counted.</summary>
    internal int Evaluations => Enumerable.Range(1, Rounds).Count(round => Study.EvaluatesAfter(new RoundNumber(round)));

    /// <summary>The mechanisms of a study under differential privacy; null: it is under none, or they cannot be run, which a finding says.</summary>
    internal PrivateStudy? Mechanisms { get; } = Runnable(Study);

    /// <summary>Whether a patient may have several rows, which the study knows to be one patient's.</summary>
    internal bool KnowsPatients => Study.Data.Patient is not null || Study.Data.Cohort is not null;

    internal bool IsDecided => Record.Decision != Decision.Pending;

    /// <summary>How many of these things, in words.</summary>
    internal static string Count(long number, string one, string several) => number == 1 ? $"1 {one}" : string.Create(CultureInfo.InvariantCulture, $"{number:N0} {several}");

    /// <summary>How often, in words.</summary>
    internal static string Times(long number) => number == 1 ? "once" : Count(number, "", "times");

    private static PrivateStudy? Runnable(Study study)
    {
        try
        {
            return study.Privacy is null ? null : PrivateStudy.Of(study);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
