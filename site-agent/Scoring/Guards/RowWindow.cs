using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>What became of a version's rows in a sliding window of time, and whether that is within the bounds.</summary>
/// <param name="bounds">The bounds.</param>
/// <param name="time">The clock.</param>
internal sealed class RowWindow(GuardBounds bounds, TimeProvider time)
{
    private const int Slices = 15;
    private const int LeastSlow = 5; // one row that waited for the disk is no trend
    private const double Percentile = 0.99;

    private readonly Lock _gate = new(); // guards what follows
    private readonly Slice[] _slices = new Slice[Slices];
    private long _present;

    /// <summary>Counts a row.</summary>
    /// <param name="failed">Whether the model failed to run.</param>
    /// <param name="bad">Whether a value was missing that is needed, or implausible.</param>
    /// <param name="elapsed">How long it took.</param>
    /// <returns>Why the version must not be used any more; null: it may.</returns>
    public WithdrawalReason? Count(bool failed, bool bad, TimeSpan elapsed)
    {
        lock (_gate)
        {
            Turn();
            ref var slice = ref _slices[_present % Slices];
            slice = new Slice(slice.Rows + 1, slice.Failed + (failed ? 1 : 0), slice.Bad + (bad ? 1 : 0), slice.Slow + (elapsed > bounds.Latency ? 1 : 0));
            return Verdict();
        }
    }

    /// <summary>Forgets everything: the version begins anew.</summary>
    public void Clear()
    {
        lock (_gate)
            Array.Clear(_slices);
    }

    private WithdrawalReason? Verdict()
    {
        var (rows, failed, bad, slow) = (0, 0, 0, 0);
        foreach (var slice in _slices)
            (rows, failed, bad, slow) = (rows + slice.Rows, failed + slice.Failed, bad + slice.Bad, slow + slice.Slow);
        if (rows < bounds.LeastRows)
            return null;
        return failed > bounds.Errors * rows ? WithdrawalReason.Errors
            : slow >= LeastSlow && slow > (1 - Percentile) * rows ? WithdrawalReason.Latency
            : bad > bounds.BadRows * rows ? WithdrawalReason.DataPipeline
            : null;
    }

    // Slices that have gone by are emptied.
    private void Turn()
    {
        var now = time.GetTimestamp() / Math.Max(1, (long)(bounds.Window.TotalSeconds * time.TimestampFrequency) / Slices);
        for (var passed = Math.Min(Slices, now - _present); passed > 0; passed--)
            _slices[(now - passed + 1) % Slices] = default;
        _present = now;
    }

    private readonly record struct Slice(int Rows, int Failed, int Bad, int Slow);
}
