using System.Collections.Immutable;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Why an event in a feature's window was not used.</summary>
public enum FeatureProblem
{
    /// <summary>It has no number.</summary>
    NoNumber,

    /// <summary>Its number is a bound.</summary>
    Bound,

    /// <summary>Its unit is none that can be converted into the definition's.</summary>
    UnitNotUnderstood,

    /// <summary>Its number lies outside the plausible range.</summary>
    Implausible,

    /// <summary>Its coded value is none of the levels.</summary>
    ValueNotALevel,
}

/// <summary>Counts of what was not used, for the site's steward.</summary>
/// <param name="features">Names of the features.</param>
public sealed class FeatureProblems(ImmutableArray<string> features)
{
    private readonly SortedDictionary<(int Feature, FeatureProblem Problem, int Concept), long> _counts = [];

    /// <summary>By feature, problem and the concept in question (a unit, a value; -1: none).</summary>
    public IEnumerable<(string Feature, FeatureProblem Problem, int Concept, long Count)> All =>
        _counts.Select(item => (features[item.Key.Feature], item.Key.Problem, item.Key.Concept, item.Value));

    internal void Add(int feature, FeatureProblem problem, int concept)
    {
        var key = (feature, problem, concept);
        _counts[key] = _counts.GetValueOrDefault(key) + 1;
    }
}
