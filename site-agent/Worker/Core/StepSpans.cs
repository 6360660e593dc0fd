using System.Diagnostics;
using FederatedClinicalMl.Protos.WorkerPort;
using Name = FederatedClinicalMl.Protos.WorkerPort.WorkerSpan.Types.Name;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// How long the parts of one step take, where the order asks for it: the worker has no network to export spans by, so their names (a closed list) and whole milliseconds go back with the answer, and the gateway makes
/// spans of them. One step at a time.
/// </summary>
internal sealed class StepSpans : IDisposable
{
    private const string Source = "FederatedClinicalMl.Worker";
    private static readonly ActivitySource Activities = new(Source);

    private readonly ActivityListener _listener;
    private readonly Activity? _whole;
    private readonly SortedDictionary<Name, (DateTime Start, TimeSpan Total)> _parts = [];

    /// <summary>Begins to listen to the parts of a step.</summary>
    public StepSpans()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Source,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = Stopped,
        };
        ActivitySource.AddActivityListener(_listener);
        _whole = Activities.StartActivity("Whole");
    }

    /// <summary>Begins a part; null where nobody listens.</summary>
    public static Activity? Begin(Name part) => Activities.StartActivity(part.ToString());

    /// <summary>Writes what was heard into the answer.</summary>
    public void AddTo(StepResult result)
    {
        foreach (var (name, part) in _parts)
        {
            result.Spans.Add(new WorkerSpan
            {
                Name = name, StartMilliseconds = Whole(part.Start - (_whole?.StartTimeUtc ?? part.Start)), DurationMilliseconds = Whole(part.Total),
            });
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _whole?.Dispose();
        _listener.Dispose();
    }

    // A part that comes twice is one that takes as long as both.
    private void Stopped(Activity part)
    {
        if (Enum.TryParse<Name>(part.OperationName, out var name))
            _parts[name] = _parts.TryGetValue(name, out var before) ? (before.Start, before.Total + part.Duration) : (part.StartTimeUtc, part.Duration);
    }

    private static uint Whole(TimeSpan time) => (uint)Math.Clamp(time.TotalMilliseconds, 0, uint.MaxValue);
}
