using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Coordinator.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FederatedClinicalMl.Coordinator.Retention;

/// <summary>Looks once a day for what is over age, an hour after the start for the first time: a coordinator that is started with the wrong settings can be stopped.</summary>
public sealed partial class RetentionLoop(RetentionDesk desk, AuditTrail audit, TimeProvider time, ILogger<RetentionLoop> log) : IHostedService, IDisposable
{
    /// <summary>From the start to the first look.</summary>
    public static readonly TimeSpan First = TimeSpan.FromHours(1);

    private static readonly TimeSpan s_day = TimeSpan.FromDays(1);

    private readonly Lock _one = new(); // one look at a time: a slow one must not be caught up with
    private ITimer? _timer;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _timer = time.CreateTimer(_ => Look(), null, First, s_day);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_timer is { } timer)
            await timer.DisposeAsync(); // a look that is under way ends first
    }

    /// <inheritdoc/>
    public void Dispose() => _timer?.Dispose();

    private void Look()
    {
        lock (_one)
        {
            try
            {
                if (desk.Remove(audit) is { IsNothing: false } removed)
                    LogRemoved(removed.Results.Count, removed.Bytes, removed.MonitoringEvents);
            }
            catch (Exception refused) when (refused is IOException or UnauthorizedAccessException or System.Data.Common.DbException or DataFolderException or FormatException)
            {
                LogRefused(refused);
            }
        }
    }

    [LoggerMessage(1630, LogLevel.Information, "Over age and removed: {Results} results of runs without a model ({Bytes} bytes), {Events} events of monitoring")]
    private partial void LogRemoved(int results, long bytes, int events);

    [LoggerMessage(1631, LogLevel.Error, "What is over age could not be removed; it is tried again in a day")]
    private partial void LogRefused(Exception error);
}
