using System.Collections.Immutable;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>What the site says of data quality, or why that cannot be read: then nothing is computed from events.</summary>
/// <param name="Site">Its rules and changes; none where there are faults.</param>
/// <param name="Digest">Of what they say.</param>
/// <param name="Faults">Every fault, in the order of the text.</param>
public sealed record QualityReading(SiteQuality Site, Sha256Digest Digest, ImmutableArray<ConfigurationFault> Faults)
{
    /// <summary>Of a site that says nothing.</summary>
    public static QualityReading None { get; } = new(SiteQuality.None, default, []);
}

/// <summary>
/// <c>quality.yaml</c> as it lies on the disk now, described in docs/reference/quality.md; it need not be there. It is read at every decision, for it holds
/// from the moment it is saved; only an unchanged text is not parsed again.
/// </summary>
public sealed class QualityFile(string path)
{
    private volatile Understood? _last;

    /// <summary>Reads the file; one that is there and unreadable is a fault like any other.</summary>
    public QualityReading Read()
    {
        try
        {
            if (!File.Exists(path))
                return QualityReading.None;
            var text = File.ReadAllText(path);
            if (_last is { } last && last.Text == text)
                return last.Reading;
            var (site, digest, faults) = QualityRules.ReadSite(text, BuiltInRules.Ids);
            var reading = new QualityReading(site, digest, [.. faults.Select(fault => new ConfigurationFault(fault.Line, fault.Column, fault.Message))]);
            _last = new Understood(text, reading);
            return reading;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new QualityReading(SiteQuality.None, default, [new ConfigurationFault(0, 0, $"'{path}' cannot be read, so nothing is computed from events: {error.Message}")]);
        }
    }

    private sealed record Understood(string Text, QualityReading Reading);
}
