namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>A message that waits for a channel.</summary>
/// <param name="Id">Its number, which its receiver can tell a repetition by.</param>
/// <param name="Channel">The channel's name.</param>
/// <param name="Payload">JSON; see <see cref="NotificationText"/>.</param>
/// <param name="Made">When it was made.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="Due">When it is tried next.</param>
/// <param name="Fault">What the last attempt came to; null: there was none.</param>
public sealed record Delivery(long Id, string Channel, string Payload, DateTimeOffset Made, int Attempts, DateTimeOffset Due, string? Fault);

/// <summary>How a channel is doing, for people.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">webhook or email.</param>
/// <param name="Waiting">Messages that wait.</param>
/// <param name="Fault">Why the last attempt failed; null: it did not.</param>
/// <param name="GivenUp">Messages that were given up since the coordinator was started.</param>
public sealed record ChannelState(string Name, string Kind, int Waiting, string? Fault, int GivenUp);

/// <summary>Delivers a message by one kind of channel.</summary>
public interface IAlertSender
{
    /// <summary>Delivers, or throws <see cref="DeliveryException"/>.</summary>
    Task SendAsync(Channel channel, Delivery delivery, CancellationToken cancel);
}

/// <summary>A message was not delivered; the message says why, without anything that the other side has said.</summary>
public sealed class DeliveryException(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>Whether the other side answers, and does not take this one message; else the channel fails, as far as is known.</summary>
    public bool IsOfTheMessage { get; init; }
}
