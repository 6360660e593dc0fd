using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>An entry of the registry is not what it was when it was registered. Its message says what differs; nothing of it is used.</summary>
public sealed class DamagedModelException(Sha256Digest model, string what, Exception? cause = null)
    : FormatException($"The model {model.Short} is not what was registered: {what.TrimEnd('.')}. Restore its folder, models/{model}, from a backup.", cause)
{
    /// <summary>The entry.</summary>
    public Sha256Digest Model { get; } = model;
}
