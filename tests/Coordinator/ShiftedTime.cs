namespace FederatedClinicalMl.Tests.Coordinator;

/// <summary>The system's clock, wrong by a constant: what months do to certificates, without waiting for them. Timers run as ever.</summary>
internal sealed class ShiftedTime(TimeSpan shift) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + shift;
}
