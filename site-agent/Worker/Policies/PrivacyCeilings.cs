using System.Globalization;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>What may be spent of the privacy of one population's patients. All three hold at once, for every population alike.</summary>
/// <param name="Total">By all studies together, for ever.</param>
/// <param name="Study">By one study, over all its runs.</param>
/// <param name="Year">By all studies together, in any 365 days.</param>
public sealed record PrivacyCeilings(PrivacyCeiling Total, PrivacyCeiling Study, PrivacyCeiling Year)
{
    /// <summary>The policy's key.</summary>
    internal const string Key = "privacy";

    private const string Nothing = "none";

    /// <summary>Reads the key; null where it says that nothing may be spent, or has a fault.</summary>
    internal static PrivacyCeilings? Read(YamlFields policy)
    {
        if (policy.IsWord(Key, Nothing))
            return null;
        if (!policy.IsMap(Key) && policy.Has(Key))
        {
            policy.Refuse(Key, $"must be {Nothing}, or a map of total, study and year, each with epsilon and delta");
            return null;
        }

        if (policy.Map(Key) is not { } fields)
            return null;
        var (total, study, year) = (Ceiling(fields, "total"), Ceiling(fields, "study"), Ceiling(fields, "year"));
        fields.End("total", "study", "year");
        return total is not null && study is not null && year is not null ? new(total, study, year) : null;
    }

    private static PrivacyCeiling? Ceiling(YamlFields fields, string key)
    {
        if (fields.Map(key) is not { } ceiling)
            return null;
        var (epsilon, delta) = (Number(ceiling, "epsilon", 100), Number(ceiling, "delta", 0.01));
        ceiling.End("epsilon", "delta");
        return epsilon is not null && delta is not null ? new(epsilon, delta) : null;
    }

    // Exactly what is written: the double next to 1e-6 is another number.
    private static Rational? Number(YamlFields fields, string key, double most)
    {
        var text = fields.Text(key);
        if (Rational.OfDecimal(text) is { Sign: > 0 } value && value.ToDouble() <= most)
            return value;
        if (text.Length > 0)
            fields.Refuse(key, string.Create(CultureInfo.InvariantCulture, $"must be a number above 0 and not above {most}"));
        return null;
    }
}
