using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Reads the numbers of events into the unit that is asked for, and says why one is not used. Not for use by several threads at once.</summary>
internal sealed class NumberReader(NumberValue asked, SiteConcepts concepts)
{
    private readonly UnitConverter _converter = FeatureUnits.ConverterOf(asked);
    private readonly Dictionary<(int Unit, int Concept), UnitConversion?> _conversions = [];

    /// <summary>An event's number in the unit, or why it is not used.</summary>
    public (double Number, FeatureProblem? Problem) Read(in ClinicalEvent item)
    {
        if (double.IsNaN(item.Number))
            return (0, FeatureProblem.NoNumber);
        if (item.Flags.HasFlag(EventFlags.Bound))
            return (0, FeatureProblem.Bound);
        if (!_conversions.TryGetValue((item.Unit, item.Concept), out var conversion))
            _conversions[(item.Unit, item.Concept)] = conversion = _converter.TryFrom(concepts.UnitOf(item.Unit, item.Concept), out var found, out _) ? found : null;

        if (conversion is null)
            return (0, FeatureProblem.UnitNotUnderstood);
        var value = conversion.Apply(item.Number);
        return value >= asked.Minimum && value <= asked.Maximum ? (value, null) : (0, FeatureProblem.Implausible);
    }
}
