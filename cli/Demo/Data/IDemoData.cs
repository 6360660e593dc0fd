using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Demo;

/// <summary>What the hospitals of a demo have: how a worker comes by it, and how the demo, which holds all of it, reads it.</summary>
internal interface IDemoData
{
    /// <summary>Where it is from, in a sentence for people.</summary>
    string Source { get; }

    /// <summary>The example study over it, by its name in docs/how-to/examples.</summary>
    string Study { get; }

    /// <summary>Whether it is events, over which a study has a cohort, or tables, over which it has none.</summary>
    bool IsEvents { get; }

    /// <summary>Each hospital's settings: its map names its own data and nothing else.</summary>
    IReadOnlyList<LocalSiteSettings> Settings(Study study);

    /// <summary>Has each hospital's worker take in what is to be taken in, and shows what came of it.</summary>
    Task ImportAsync(LocalFederation federation, Study study, Terminal terminal, CancellationToken cancel);

    /// <summary>The rows that the study sees at a hospital.</summary>
    Cohort Read(LocalSite site, Study study, CancellationToken cancel);

    /// <summary>What nobody can do better than; null where nobody knows.</summary>
    BestReachable? Best { get; }

    /// <summary>What to try next, as command lines.</summary>
    /// <param name="study">The study's file.</param>
    IEnumerable<string> Next(string study);
}
