using System.Collections.Immutable;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>What came of a rule.</summary>
public enum QualityVerdict
{
    /// <summary>There was nothing to look at.</summary>
    NotChecked,

    /// <summary>At most the share that is allowed fails.</summary>
    Passed,

    /// <summary>More.</summary>
    Failed,
}

/// <summary>What one rule counted.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Checked">How many it looked at.</param>
/// <param name="Failed">How many fail it.</param>
/// <param name="Kept">How many would, and are kept by a steward's decision.</param>
public sealed record QualityResult(QualityRuleInfo Rule, long Checked, long Failed, long Kept)
{
    /// <summary>Share that fails, in [0, 1].</summary>
    public double Share => Checked == 0 ? 0 : (double)Failed / Checked;

    /// <summary>The verdict.</summary>
    public QualityVerdict Verdict => Checked == 0 ? QualityVerdict.NotChecked : Failed > (decimal)Rule.MaximumShare * Checked ? QualityVerdict.Failed : QualityVerdict.Passed;
}

/// <summary>How numbers lie over a rule's plausible range, in its unit.</summary>
/// <param name="Name">Of what.</param>
/// <param name="Unit">UCUM unit.</param>
/// <param name="Minimum">Least plausible.</param>
/// <param name="Maximum">Greatest plausible.</param>
/// <param name="Bins">Counts of bins of one width from least to greatest.</param>
/// <param name="Below">How many lie below.</param>
/// <param name="Above">How many lie above.</param>
public sealed record NumberHistogram(string Name, string Unit, double Minimum, double Maximum, ImmutableArray<long> Bins, long Below, long Above)
{
    /// <summary>All of them.</summary>
    public long Count => Bins.Sum() + Below + Above;
}

/// <summary>How much of a measure lies far from the rest.</summary>
/// <param name="Concept">What was measured.</param>
/// <param name="Unit">In which unit.</param>
/// <param name="Numbers">How many numbers there are; the shares are those of a sample.</param>
/// <param name="OutsideIqr">Share outside of the far fences.</param>
/// <param name="OutsideZ">Share of a modified z-score above 3.5.</param>
public sealed record MeasureSpread(Coding Concept, Coding Unit, long Numbers, double OutsideIqr, double OutsideZ);

/// <summary>
/// The quality of a site's events: counts and shares, for the site's steward. No value of a patient is in it; but a count may be that of one patient,
/// so it does not leave the site.
/// </summary>
/// <param name="Import">Number of the store's last import.</param>
/// <param name="Fingerprint">Keyed fingerprint of the store.</param>
/// <param name="Mapping">Version of the site's mapping; 0: none.</param>
/// <param name="Decisions">Number of the last batch of decisions; 0: none.</param>
/// <param name="Patients">How many patients were looked at.</param>
/// <param name="Events">How many of their events.</param>
/// <param name="Results">What came of each rule.</param>
/// <param name="Histograms">How key numbers lie.</param>
/// <param name="Spreads">How the numbers of each measure are spread.</param>
public sealed record QualityReport(
    int Import, Sha256Digest Fingerprint, int Mapping, int Decisions, long Patients, long Events,
    ImmutableArray<QualityResult> Results, ImmutableArray<NumberHistogram> Histograms, ImmutableArray<MeasureSpread> Spreads)
{
    /// <summary>
    /// Failed rules that keep the site out of a round. What a site changes counts for a study where it is the stricter: a rule keeps out as the site wants
    /// it, or as it comes, whichever fails. So nobody loosens in silence what a study was promised.
    /// </summary>
    /// <param name="study">What the study says; null: no study asks, and rules hold as the site wants them.</param>
    /// <returns>Each as it fails: as the site wants it, or as it comes.</returns>
    public ImmutableArray<QualityResult> Failing(StudyQuality? study) =>
    [
        .. Results.SelectMany(result => study is null || result.Rule.AsItComes is not { } asItComes ? [result] : new[] { result, result with { Rule = asItComes } })
            .Where(result => result.Verdict == QualityVerdict.Failed && (study ?? StudyQuality.Default).KeepsOut.Contains(result.Rule.Severity))
            .DistinctBy(result => result.Rule.Id),
    ];

    /// <summary>Rules that pass or keep nobody out as the site wants them, and would keep it out of a study that says nothing of quality.</summary>
    public ImmutableArray<QualityResult> Loosened
    {
        get
        {
            var own = Failing(null).Select(result => result.Rule.Id).ToHashSet(StringComparer.Ordinal);
            return [.. Failing(StudyQuality.Default).Where(result => !own.Contains(result.Rule.Id))];
        }
    }
}
