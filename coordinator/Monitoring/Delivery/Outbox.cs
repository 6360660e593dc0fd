using System.Collections.Concurrent;
using FederatedClinicalMl.Coordinator.Storage;
using Microsoft.Extensions.Logging;

namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>
/// Delivers what waits, each channel for itself and one message after another: a channel that hangs holds up nobody else, and never a round. What fails is tried again, later each time; what has waited a day
/// is given up. Failures are shown beside the channel and logged, and are no alerts: those would only wait behind them.
/// </summary>
public sealed partial class Outbox(MonitoringStore store, RulesFile file, IReadOnlyDictionary<Type, IAlertSender> senders, TimeProvider time, ILogger<Outbox> log)
{
    /// <summary>How long one attempt may take.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>How long a message is tried.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(24);

    private static readonly TimeSpan s_first = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_greatest = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, Task> _busy = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _givenUp = new(StringComparer.Ordinal);
    private readonly Signal _changed = new();

    /// <summary>Completes when an attempt has ended. Ask before looking.</summary>
    public Task NextChange => _changed.Next;

    /// <summary>How each channel of the file is doing.</summary>
    public IReadOnlyList<ChannelState> States()
    {
        var waiting = store.Waiting().ToLookup(delivery => delivery.Channel);
        return [.. file.Rules.Channels.Values.Select(channel => new ChannelState(
            channel.Name, channel is WebhookChannel ? "webhook" : "email", waiting[channel.Name].Count(), waiting[channel.Name].Select(delivery => delivery.Fault).LastOrDefault(fault => fault is not null), _givenUp.GetValueOrDefault(channel.Name)))];
    }

    /// <summary>Starts an attempt at the oldest message of each channel that is due and not at work.</summary>
    public void Start(CancellationToken stop)
    {
        var now = time.GetUtcNow();
        foreach (var channel in store.Waiting().GroupBy(delivery => delivery.Channel))
        {
            if (_busy.TryGetValue(channel.Key, out var busy) && !busy.IsCompleted)
                continue;
            foreach (var late in channel.Where(delivery => now - delivery.Made >= Longest || !file.Rules.Channels.ContainsKey(channel.Key)))
                GiveUp(late);
            if (channel.FirstOrDefault(delivery => now - delivery.Made < Longest) is { } first && first.Due <= now && file.Rules.Channels.TryGetValue(channel.Key, out var to))
                _busy[channel.Key] = AttemptAsync(to, first, stop);
        }
    }

    /// <summary>How long to wait after so many failed attempts: 15 s, doubled each time, at most an hour.</summary>
    public static TimeSpan Pause(int attempts) => TimeSpan.FromTicks(Math.Min(s_greatest.Ticks, s_first.Ticks << Math.Min(attempts, 20)));

    private void GiveUp(Delivery delivery)
    {
        store.Remove(delivery);
        _givenUp.AddOrUpdate(delivery.Channel, 1, (_, count) => count + 1);
        LogGivenUp(delivery.Id, delivery.Channel, delivery.Attempts);
        _changed.Raise();
    }

    private async Task AttemptAsync(Channel channel, Delivery delivery, CancellationToken stop)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        using var late = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, late.Token);
        try
        {
            await senders[channel.GetType()].SendAsync(channel, delivery, either.Token);
            store.Remove(delivery);
            LogDelivered(delivery.Id, channel.Name);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The coordinator stops: it is tried again after its next start.
        }
        catch (OperationCanceledException)
        {
            Postpone(delivery, $"There was no answer within {Patience.TotalSeconds} seconds.");
        }
        catch (DeliveryException failed)
        {
            Postpone(delivery, failed.Message);
        }
        catch (IOException disk)
        {
            LogDisk(disk, delivery.Id); // it still waits, and goes out once more
        }

        _changed.Raise();
    }

    private void Postpone(Delivery delivery, string fault)
    {
        store.Postpone(delivery, time.GetUtcNow() + Pause(delivery.Attempts), fault);
        LogFailed(delivery.Id, delivery.Channel, fault);
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
