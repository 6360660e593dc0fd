using System.Collections.Immutable;
using FederatedClinicalMl.Studies;
using static FederatedClinicalMl.Studies.QualityDimension;
using static FederatedClinicalMl.Studies.QualitySeverity;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// The rules that hold everywhere, and those that come from a study's features. docs/reference/quality.md lists them; a test holds it. Thresholds of
/// events after death and of contradictions follow OHDSI's Data Quality Dashboard (60 days after death, 1 %: https://ohdsi.github.io/DataQualityDashboard).
/// </summary>
public static class BuiltInRules
{
    /// <summary>How long after a death events are administrative.</summary>
    internal static readonly TimeSpan AfterDeath = TimeSpan.FromDays(60);

    /// <summary>How far behind the import an event may lie: a date stands for the end of its day.</summary>
    internal static readonly TimeSpan AheadOfImport = TimeSpan.FromDays(1);

    internal static readonly QualityRuleInfo Schema = new(
        "schema", Validity, Critical, "An event is of a known kind, has what its kind needs in the store's dictionaries, and no infinite number.", QualityUnit.Events, 0);

    internal static readonly QualityRuleInfo CodeKnown = new(
        "code-known", Validity, Medium, "One of an event's codes, as mapped, is of a code system that definitions name.", QualityUnit.Events, 0.2, IsReviewed: false);

    internal static readonly QualityRuleInfo UnitKnown = new(
        "unit-known", Validity, Medium, "A number's unit, as mapped, is one of UCUM.", QualityUnit.Numbers, 0.2, IsReviewed: false);

    internal static readonly QualityRuleInfo AgeRange = new(
        "age-range", Validity, High, "A patient is at most 120 years old at the last event, or at death.", QualityUnit.Patients, 0.01);

    internal static readonly QualityRuleInfo MissingBirth = new("missing-birth", Completeness, High, "A patient's birth is known.", QualityUnit.Patients, 0.05, IsReviewed: false);

    internal static readonly QualityRuleInfo MissingSex = new("missing-sex", Completeness, Medium, "A patient's sex is known.", QualityUnit.Patients, 0.05, IsReviewed: false);

    internal static readonly QualityRuleInfo MissingTime = new("missing-time", Completeness, Medium, "It is known when an event happened.", QualityUnit.Events, 0.05, IsReviewed: false);

    internal static readonly QualityRuleInfo MissingCode = new(
        "missing-code", Completeness, High, "A condition, observation, medication or procedure has a code.", QualityUnit.Events, 0.05, IsReviewed: false);

    internal static readonly QualityRuleInfo MissingUnit = new("missing-unit", Completeness, Medium, "A number has a unit.", QualityUnit.Numbers, 0.2, IsReviewed: false);

    internal static readonly QualityRuleInfo MissingValue = new(
        "missing-value", Completeness, Low, "An observation has a number or a coded value.", QualityUnit.Events, 0.5, IsReviewed: false);

    internal static readonly QualityRuleInfo MissingAvailability = new(
        "missing-availability", Completeness, Medium, "It is known from when on an event was known: without that no feature uses it.", QualityUnit.Events, 0.5, IsReviewed: false);

    internal static readonly QualityRuleInfo FutureTime = new("future-time", Timeliness, High, "An event does not lie more than a day behind its import.", QualityUnit.Events, 0.001);

    internal static readonly QualityRuleInfo KnownBeforeItHappened = new(
        "known-before-it-happened", Timeliness, Medium, "An event was not known before it happened.", QualityUnit.Events, 0.05);

    internal static readonly QualityRuleInfo EndBeforeStart = new(
        "end-before-start", Consistency, High, "Nothing ends before it begins: no discharge before its admission.", QualityUnit.Events, 0.01);

    internal static readonly QualityRuleInfo BeforeBirth = new("before-birth", Consistency, High, "Nothing happens before the birth.", QualityUnit.Events, 0.01);

    internal static readonly QualityRuleInfo AfterDeathRule = new("after-death", Consistency, High, "Nothing happens more than 60 days after the death.", QualityUnit.Events, 0.01);

    internal static readonly QualityRuleInfo SexFemale = new(
        "sex-pregnancy", Consistency, High, "Nobody male is pregnant or in childbirth (a short list of codes).", QualityUnit.Events, 0.01);

    internal static readonly QualityRuleInfo SexMale = new(
        "sex-prostate", Consistency, High, "Nobody female has a disease of the prostate (a short list of codes).", QualityUnit.Events, 0.01);

    internal static readonly QualityRuleInfo OneIdentity = new("one-identity", Consistency, High, "A patient has one birth and one sex.", QualityUnit.Patients, 0.01);

    internal static readonly QualityRuleInfo DuplicatePatients = new(
        "duplicate-patients", Uniqueness, High, "No other patient has the same birth, the same sex, and the same moments of the first and the last event.", QualityUnit.Patients, 0.01);

    internal static readonly QualityRuleInfo DuplicateEvents = new(
        "duplicate-events", Uniqueness, Medium, "No other event of the patient is alike in kind, code, time, value and unit.", QualityUnit.Events, 0.05);

    internal static readonly QualityRuleInfo OutliersIqr = new(
        "outliers-iqr", Accuracy, Low, "At most 5 % of a measure's numbers lie outside of [Q1 - 3 IQR, Q3 + 3 IQR] (Tukey 1977).", QualityUnit.Measures, 0.1);

    internal static readonly QualityRuleInfo OutliersZ = new(
        "outliers-z", Accuracy, Low, "At most 5 % of a measure's numbers have a modified z-score above 3.5 (Iglewicz and Hoaglin 1993).", QualityUnit.Measures, 0.1);

    /// <summary>The rules that hold everywhere, in the order of reports.</summary>
    public static ImmutableArray<QualityRuleInfo> All { get; } =
    [
        Schema, CodeKnown, UnitKnown, AgeRange,
        MissingBirth, MissingSex, MissingTime, MissingCode, MissingUnit, MissingValue, MissingAvailability,
        .. VitalSign.All.Select(sign => sign.Info),
        OutliersIqr, OutliersZ,
        EndBeforeStart, BeforeBirth, AfterDeathRule, SexFemale, SexMale, OneIdentity,
        FutureTime, KnownBeforeItHappened,
        DuplicatePatients, DuplicateEvents,
    ];

    /// <summary>Ids of <see cref="All"/>: what a site may change.</summary>
    public static ImmutableArray<string> Ids { get; } = [.. All.Select(rule => rule.Id)];

    /// <summary>Numbers of a feature's events lie in its plausible range.</summary>
    public static QualityRuleInfo FeaturePlausible(string feature, string range) => new(
        $"feature-plausible-{feature}", Accuracy, High, $"A number of the feature {feature} lies in its plausible range, {range}.", QualityUnit.Numbers, 0.05);

    /// <summary>Numbers of a feature's events are in units that convert into its own.</summary>
    public static QualityRuleInfo FeatureUnit(string feature, string unit) => new(
        $"feature-unit-{feature}", Validity, High, $"A number of the feature {feature} is in a unit that converts into {unit}.", QualityUnit.Numbers, 0.05, IsReviewed: false);

    /// <summary>Coded values of a feature's events are among its levels.</summary>
    public static QualityRuleInfo FeatureLevel(string feature) => new(
        $"feature-level-{feature}", Validity, Medium, $"A coded value of the feature {feature} is one of its levels.", QualityUnit.Events, 0.2, IsReviewed: false);

    /// <summary>Rows of the cohort have a usable value of a feature in its window.</summary>
    /// <param name="feature">Its name.</param>
    /// <param name="isRequired">Whether rows without it are left out.</param>
    public static QualityRuleInfo FeatureCoverage(string feature, bool isRequired) => new(
        $"feature-coverage-{feature}", Completeness, isRequired ? High : Medium, $"A row has a usable value of the feature {feature} in its window.", QualityUnit.Rows,
        isRequired ? 0.5 : 0.9, IsReviewed: false);
}
