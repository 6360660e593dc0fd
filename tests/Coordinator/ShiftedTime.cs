namespace FederatedClinicalMl.Tests.Coordinator;

/// <summary>The system's clock, wrong by what a test says: what months do to certificates, without waiting for them. Timers run as ever.</summary>
internal sealed class ShiftedTime(TimeSpan shift) : TimeProvider
{
    private long _shift = shift.Ticks;

    public TimeSpan Shift
    {
        get => new(Volatile.Read(ref _shift));
        set => Volatile.Write(ref _shift, value.Ticks);
    }

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Shift;
}
