using System.Collections.Concurrent;
using FederatedClinicalMl.Coordinator.Storage;
using Microsoft.Extensions.Logging;

namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>
/// Delivers what waits, each channel for itself and one message after another: a channel that hangs holds up nobody else, and never a round. What fails is tried again, later each time, and holds up no other message: while a
/// channel delivers, the others go out in their order; while it does not, its oldest and its newest message try it. What has waited a day is given up. Failures are shown beside the channel and logged, and are no alerts: those would only wait behind them.
/// </summary>
public sealed partial class Outbox(MonitoringStore store, RulesFile file, IReadOnlyDictionary<Type, IAlertSender> senders, TimeProvider time, ILogger<Outbox> log)
{
    /// <summary>How long one attempt may take.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>How long a message is tried.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(24);

    private static readonly TimeSpan s_first = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_greatest = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_greatestWhileCritical = TimeSpan.FromMinutes(2);

    private readonly ConcurrentDictionary<string, Task> _busy = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _answers = new(StringComparer.Ordinal); // by what the last attempt came to
    private readonly ConcurrentDictionary<string, int> _givenUp = new(StringComparer.Ordinal);
    private readonly Signal _changed = new();

    /// <summary>Completes when an attempt has ended. Ask before looking.</summary>
    public Task NextChange => _changed.Next;

    /// <summary>Completes when no channel is at work any more, of those that were when it was asked for.</summary>
    public Task Idle => Task.WhenAll(_busy.Values);

    /// <summary>How each channel of the file is doing.</summary>
    public IReadOnlyList<ChannelState> States()
    {
        var waiting = store.Waiting().ToLookup(delivery => delivery.Channel);
        return [.. file.Rules.Channels.Values.Select(channel => new ChannelState(
            channel.Name, channel is WebhookChannel ? "webhook" : "email", waiting[channel.Name].Count(), waiting[channel.Name].Select(delivery => delivery.Fault).LastOrDefault(fault => fault is not null), _givenUp.GetValueOrDefault(channel.Name)))];
    }

    /// <summary>Starts to deliver what is due of each channel that is not at work.</summary>
    public void Start(CancellationToken stop)
    {
        foreach (var channel in store.Waiting().GroupBy(delivery => delivery.Channel))
        {
            if (_busy.TryGetValue(channel.Key, out var busy) && !busy.IsCompleted)
                continue;
            foreach (var late in channel.Where(delivery => IsLate(delivery) || !file.Rules.Channels.ContainsKey(channel.Key)))
                GiveUp(late);
            if (file.Rules.Channels.TryGetValue(channel.Key, out var to) && Next(channel) is not null)
                _busy[channel.Key] = DeliverAsync(to, stop);
        }
    }

    /// <summary>How long to wait after so many failed attempts: 15 s, doubled each time, at most an hour; two minutes while something critical waits for the channel.</summary>
    public static TimeSpan Pause(int attempts, bool isCritical = false) => TimeSpan.FromTicks(Math.Min((isCritical ? s_greatestWhileCritical : s_greatest).Ticks, s_first.Ticks << Math.Min(attempts, 20)));

    // Of a channel that answers: the oldest that was not tried yet, or else that is due again, so that what it does not take goes to the end. Of one that does not, or of which nothing is known: the oldest, or while that one
    // waits the newest, for what fails may be the message. To try every one would only take each message's time from it.
    private Delivery? Next(IEnumerable<Delivery> channel)
    {
        var now = time.GetUtcNow();
        var waiting = channel.Where(delivery => !IsLate(delivery)).ToList();
        if (waiting.Count == 0)
            return null;
        return _answers.GetValueOrDefault(waiting[0].Channel)
            ? waiting.Find(delivery => delivery.Attempts == 0) ?? waiting.Find(delivery => delivery.Due <= now)
            : new[] { waiting[0], waiting[^1] }.FirstOrDefault(delivery => delivery.Due <= now);
    }

    private bool IsLate(Delivery delivery) => time.GetUtcNow() - delivery.Made >= Longest;

    private void GiveUp(Delivery delivery)
    {
        store.Remove(delivery);
        _givenUp.AddOrUpdate(delivery.Channel, 1, (_, count) => count + 1);
        LogGivenUp(delivery.Id, delivery.Channel, delivery.Attempts);
        _changed.Raise();
    }

    private async Task DeliverAsync(Channel channel, CancellationToken stop)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (!stop.IsCancellationRequested && Next(store.Waiting().Where(delivery => delivery.Channel == channel.Name)) is { } next)
        {
            var isKept = await AttemptAsync(channel, next, stop);
            _changed.Raise();
            if (!isKept)
                return;
        }
    }

    // Returns whether what became of it could be kept: where it could not, the same message would be tried at once, and again.
    private async Task<bool> AttemptAsync(Channel channel, Delivery delivery, CancellationToken stop)
    {
        using var late = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, late.Token);
        try
        {
            await senders[channel.GetType()].SendAsync(channel, delivery, either.Token);
            _answers[channel.Name] = true;
            store.Remove(delivery);
            LogDelivered(delivery.Id, channel.Name);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return false; // the coordinator stops: it is tried again after its next start
        }
        catch (OperationCanceledException)
        {
            return Postpone(delivery, $"There was no answer within {Patience.TotalSeconds} seconds.", answers: false);
        }
        catch (DeliveryException failed)
        {
            return Postpone(delivery, failed.Message, failed.IsOfTheMessage);
        }
        catch (IOException disk)
        {
            LogDisk(disk, delivery.Id); // it still waits, and goes out once more
            return false;
        }

        return true;
    }

    private bool Postpone(Delivery delivery, string fault, bool answers)
    {
        _answers[delivery.Channel] = answers;
        var isCritical = store.Waiting().Any(waiting => waiting.Channel == delivery.Channel && NotificationText.IsCritical(waiting.Payload));
        try
        {
            store.Postpone(delivery, time.GetUtcNow() + Pause(delivery.Attempts, isCritical), fault);
        }
        catch (IOException disk)
        {
            LogDisk(disk, delivery.Id);
            return false;
        }

        LogFailed(delivery.Id, delivery.Channel, fault);
        return true;
    }

    [LoggerMessage(1610, LogLevel.Information, "Message {Delivery} was delivered to {Channel}")]
    private partial void LogDelivered(long delivery, string channel);

    [LoggerMessage(1611, LogLevel.Warning, "Message {Delivery} was not delivered to {Channel}, and is tried again: {Fault}")]
    private partial void LogFailed(long delivery, string channel, string fault);

    [LoggerMessage(1612, LogLevel.Error, "Message {Delivery} to {Channel} is given up after {Attempts} attempts")]
    private partial void LogGivenUp(long delivery, string channel, int attempts);

    [LoggerMessage(1613, LogLevel.Error, "What became of message {Delivery} cannot be kept")]
    private partial void LogDisk(IOException error, long delivery);
}
