using FederatedClinicalMl.Durability;
using FederatedClinicalMl.SiteAgent.Gateway;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace FederatedClinicalMl.Tests.Gateway.Transfer;

/// <summary>What becomes of a release that the gateway cannot open. That one it can open arrives is shown by every round that ends.</summary>
public sealed class ReleaseUploadTests : IAsyncLifetime
{
    private static readonly HeldTicket s_ticket = TicketOf("0123456789abcdef.1.training.1");

    private RunningCoordinator _coordinator = null!;
    private Hospital _hospital = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Key => OutboxKey.PathIn(_hospital.Options.ExchangeDirectory);

    public async ValueTask InitializeAsync()
    {
        _coordinator = await RunningCoordinator.StartAsync();
        _hospital = await Hospital.EnrolAsync(_coordinator);
    }

    [Fact]
    public async Task Release_of_another_key_is_missing_and_the_log_says_what_to_do()
    {
        Write(s_ticket);
        File.Delete(Key);
        OutboxKey.OpenOrMake(_hospital.Options.ExchangeDirectory, credentials: null, forGroup: false);
        var log = new Listener();

        Assert.IsType<ReleaseMissing>(await DeliverAsync(log, new FakeTimeProvider()));

        Assert.Contains("hand the same credential fcml-outbox-key to both services", await log.Heard.WaitAsync(Stop), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Release_waits_while_there_is_no_key()
    {
        Write(s_ticket);
        File.Move(Key, Key + ".away");
        var (log, time) = (new Listener(), new FakeTimeProvider());

        var delivery = DeliverAsync(log, time);
        Assert.Contains("waits, because the key of the outbox cannot be had", await log.Heard.WaitAsync(Stop), StringComparison.Ordinal);
        Assert.False(delivery.IsCompleted);
        File.Delete(Path.Combine(_hospital.Options.Outgoing, s_ticket.File));
        File.Move(Key + ".away", Key);
        while (!delivery.IsCompleted) // each turn of the clock ends one wait
        {
            time.Advance(TimeSpan.FromMinutes(1));
            await Task.Yield();
        }

        Assert.IsType<ReleaseMissing>(await delivery); // the key was had: it looked for the file
    }

    public async ValueTask DisposeAsync()
    {
        await _hospital.DisposeAsync();
        await _coordinator.DisposeAsync();
    }

    private static HeldTicket TicketOf(string step)
    {
        Assert.True(StepId.TryParse(step, out var id));
        return new HeldTicket(id, default, $"{step}.release", 3);
    }

    private void Write(HeldTicket ticket) => DurableFile.Write(
        OutboxKey.Open(_hospital.Options.ExchangeDirectory, null).Seal(new FileDisk(_hospital.Options.ExchangeDirectory)), $"outgoing/{ticket.File}", [1, 2, 3]);

    private async Task<GatewayEvent> DeliverAsync(ILogger log, TimeProvider time)
    {
        using var identity = ClientIdentity.Load(_hospital.Options.IdentityDirectory);
        using var channel = CoordinatorChannel.Open(identity, ProxySettings.Direct, TimeProvider.System);
        var upload = new ReleaseUpload(new SealedOutbox(_hospital.Options), () => channel, () => new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), () => 0.5), time, log);
        return await upload.DeliverAsync(s_ticket, isNew: true, Stop);
    }

    private sealed class Listener : ILogger
    {
        private readonly TaskCompletionSource<string> _heard = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>The first line.</summary>
        public Task<string> Heard => _heard.Task;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => _heard.TrySetResult(formatter(state, exception));
    }
}
