using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// <c>policy.yaml</c> as it lies on the disk now. It is read at every decision, for it holds from the moment it is saved; only an unchanged
/// text is not parsed again.
/// </summary>
public sealed class PolicyFile(string path)
{
    private volatile Understood? _last;

    /// <summary>Reads the file; one that is missing or unreadable is a fault like any other.</summary>
    public PolicyReading Read()
    {
        try
        {
            var text = File.ReadAllText(path);
            if (_last is { } last && last.Text == text)
                return last.Reading;
            var reading = PolicyReader.Read(text);
            _last = new Understood(text, reading);
            return reading;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new PolicyReading(null, [new ConfigurationFault(0, 0, $"'{path}' cannot be read, so nothing is allowed: {error.Message}")]);
        }
    }

    private sealed record Understood(string Text, PolicyReading Reading);
}
