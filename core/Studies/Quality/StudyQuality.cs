using System.Collections.Immutable;

namespace FederatedClinicalMl.Studies;

/// <summary>What a rule of data quality looks at: the six dimensions of ML-DQA.</summary>
public enum QualityDimension
{
    /// <summary>What is needed is there.</summary>
    Completeness,

    /// <summary>What is there is plausible.</summary>
    Accuracy,

    /// <summary>What is there does not contradict itself.</summary>
    Consistency,

    /// <summary>It was there when it says.</summary>
    Timeliness,

    /// <summary>It is in the form, the codes and the units that are agreed.</summary>
    Validity,

    /// <summary>It is there once.</summary>
    Uniqueness,
}

/// <summary>How bad it is when a rule fails. A greater number is worse.</summary>
public enum QualitySeverity
{
    /// <summary>Worth a look.</summary>
    Low,

    /// <summary>Weakens what is learned.</summary>
    Medium,

    /// <summary>Makes what is learned wrong.</summary>
    High,

    /// <summary>The data are not what they claim to be.</summary>
    Critical,
}

/// <summary>What a rule asks of the events that it looks at.</summary>
public abstract record QualityTest
{
    private protected QualityTest()
    {
    }
}

/// <summary>Every number lies in [<paramref name="Minimum"/>, <paramref name="Maximum"/>], converted into <paramref name="Unit"/>; what cannot be converted is not looked at.</summary>
/// <param name="Minimum">Least.</param>
/// <param name="Maximum">Greatest.</param>
/// <param name="Unit">UCUM unit.</param>
public sealed record InRange(double Minimum, double Maximum, string Unit) : QualityTest;

/// <summary>Every patient has such an event.</summary>
public sealed record IsRecorded : QualityTest;

/// <summary>Every event has a number or a coded value.</summary>
public sealed record HasValue : QualityTest;

/// <summary>Every number is in one of these units, after the site's mapping.</summary>
/// <param name="Units">UCUM units, compared as they are written.</param>
public sealed record HasUnit(ImmutableArray<string> Units) : QualityTest;

/// <summary>A rule of data quality that a study or a site adds to the built-in ones.</summary>
/// <param name="Name">By the rule of <see cref="Studies.Name"/>.</param>
/// <param name="Dimension">What it looks at.</param>
/// <param name="Severity">How bad it is when it fails.</param>
/// <param name="Events">Which events it looks at.</param>
/// <param name="Test">What it asks of them.</param>
/// <param name="MaximumShare">Greatest share, in [0, 1], of what was looked at that may fail.</param>
public sealed record QualityRule(
    string Name, QualityDimension Dimension, QualitySeverity Severity, EventSelection Events, QualityTest Test, double MaximumShare);

/// <summary>What a study over events asks of the data's quality.</summary>
/// <param name="KeepsOut">Severities of failed rules that keep a site out of a round.</param>
/// <param name="Rules">Rules besides the built-in ones.</param>
public sealed record StudyQuality(ImmutableArray<QualitySeverity> KeepsOut, ImmutableArray<QualityRule> Rules)
{
    /// <summary>Of a study that says nothing of it: critical and high keep out.</summary>
    public static StudyQuality Default { get; } = new([QualitySeverity.Critical, QualitySeverity.High], []);
}
