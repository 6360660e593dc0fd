using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>What is served about lines.</summary>
internal static class Views
{
    /// <summary>A line.</summary>
    /// <param name="line">The line.</param>
    /// <param name="features">Whether the features of its versions, and what they predict, are shown too.</param>
    public static LineView Of(ServingLine line, bool features)
    {
        var reason = line.WhyNot();
        return new LineView(line.Name, reason is null, reason, line.Rollout.Percent, [.. line.Units.Select(unit => Of(unit.Role, unit.Unit, features))]);
    }

    /// <summary>How the program is.</summary>
    public static HealthView Health(ServingShelf shelf, PredictionDesk desk)
    {
        var lines = shelf.Lines.Values.OrderBy(line => line.Name, StringComparer.Ordinal).ToList();
        string?[] faults =
        [
            shelf.Fault is { } fault ? $"The shelf cannot be read: {fault}" : null,
            desk.Fault is { } refused ? $"The log of predictions cannot be written: {refused}" : null,
            .. lines.Where(line => line.HasUnwritten).Select(line => $"That a version of {line.Name} was taken out of use could not be written down."),
        ];
        return new HealthView(faults.All(item => item is null), [.. faults.OfType<string>()], [.. lines.Select(line => Of(line, features: false))]);
    }

    private static VersionView Of(string role, ServedUnit unit, bool features) => new(
        role, unit.Version.ToString(), unit.Model.ToString(), unit.IsUsable, unit.Breaker.IsOpen ? "open" : "closed", unit.Withdrawn?.Word(), unit.Fault,
        features && unit.Loaded is { } loaded ? Of(loaded.Study.Data.Label) : null, [.. features ? unit.Loaded?.Features.Select(Of) ?? [] : []]);

    private static PredictedView Of(Label label) => new(label.Name, label.Number?.Unit, label.Number is { } number ? [number.Minimum, number.Maximum] : null);

    private static FeatureView Of(Feature feature) => new(
        feature.Name, feature.Unit,
        feature.Type == FeatureType.Number ? [feature.Minimum, feature.Maximum] : null,
        feature.Type == FeatureType.Category ? feature.Levels : null,
        feature.Missing switch { MissingRule.Mean => feature.Type == FeatureType.Category ? "no-level" : "mean", MissingRule.Value => "value", _ => "exclude-row" });
}
