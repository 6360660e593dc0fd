using System.Net;
using System.Net.Sockets;
using System.Text;
using FederatedClinicalMl.Coordinator.Monitoring;

namespace FederatedClinicalMl.Tests.Coordinator.Monitoring;

/// <summary>Messages to a webhook that hangs, one that answers, and a mail server that is down.</summary>
public sealed class OutboxTests
{
    private const string TwoChannels = """
        alerts: 1
        channels:
          - {name: hangs, kind: webhook, url: "http://127.0.0.1:1/", secret-file: /nowhere}
          - {name: letter, kind: email, server: 127.0.0.1, from: a@example.org, to: [b@example.org]}
        notify: [hangs, letter]
        """;

    private const string OneChannel = """
        alerts: 1
        channels: [{name: ward, kind: webhook, url: "http://127.0.0.1:1/", secret-file: /nowhere}]
        notify: [ward]
        """;

    private static readonly Delivery s_delivery = new(7, "ward", """{"alerts":[],"coordinator":"c","count":1,"format":1,"group":"disk-low","severity":"warning"}""", DateTimeOffset.UnixEpoch, 0, DateTimeOffset.UnixEpoch, null);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Channel_that_hangs_holds_up_nobody_else_and_is_tried_again_later_each_time()
    {
        var waits = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var hangs = new ScriptedSender((_, _, cancel) =>
        {
            waits.TrySetResult();
            return new TaskCompletionSource().Task.WaitAsync(cancel);
        });
        var letters = new ScriptedSender((_, _, _) => Task.CompletedTask);
        using var watched = new Watched(TwoChannels, new Dictionary<Type, IAlertSender> { [typeof(WebhookChannel)] = hangs, [typeof(MailChannel)] = letters });
        Alarm(watched);

        var change = watched.Outbox.NextChange;
        watched.Outbox.Start(Stop);
        await change; // the letter is out while the webhook hangs
        Assert.Single(letters.Sent);
        await waits.Task; // its patience runs by the clock from then on
        change = watched.Outbox.NextChange;
        watched.Time.Advance(Outbox.Patience);
        await change;

        var left = Assert.Single(watched.Store.Waiting());
        Assert.Equal(("hangs", 1, watched.Time.GetUtcNow() + Outbox.Pause(0)), (left.Channel, left.Attempts, left.Due));
        var state = watched.Outbox.States().Single(state => state.Name == "hangs");
        Assert.Equal((1, 0), (state.Waiting, state.GivenUp));
        Assert.Contains("no answer within 10 seconds", state.Fault!, StringComparison.Ordinal);
        watched.Desk.Tick();
        Assert.Single(watched.Desk.Book.Open); // the failure is no alert of its own
    }

    [Fact]
    public async Task Message_that_failed_is_delivered_after_a_restart_and_one_that_waited_a_day_is_given_up()
    {
        var down = true;
        var sender = new ScriptedSender((_, _, _) => down ? throw new DeliveryException("It is down.") : Task.CompletedTask);
        using var watched = new Watched(TwoChannels, new Dictionary<Type, IAlertSender> { [typeof(WebhookChannel)] = sender, [typeof(MailChannel)] = new ScriptedSender((_, _, _) => Task.CompletedTask) });
        Alarm(watched);
        await AttemptAsync(watched, waits: 1);
        Assert.Empty(sender.Sent);

        watched.Restart();
        watched.Time.Advance(Outbox.Pause(0));
        down = false;
        await AttemptAsync(watched, waits: 0);
        Assert.Single(sender.Sent);

        down = true;
        Alarm(watched, "south");
        watched.Time.Advance(TimeSpan.FromHours(25));
        watched.Outbox.Start(Stop);
        Assert.Empty(watched.Store.Waiting());
        Assert.Equal(1, watched.Outbox.States().Single(state => state.Name == "hangs").GivenUp);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Message_that_is_not_taken_holds_up_no_other_and_those_go_out_in_their_order(bool isOfTheMessage)
    {
        var first = long.MaxValue;
        var sender = new ScriptedSender((_, delivery, _) => delivery.Id == first ? throw new DeliveryException("The webhook answered 400.") { IsOfTheMessage = isOfTheMessage } : Task.CompletedTask);
        using var watched = new Watched(OneChannel, new Dictionary<Type, IAlertSender> { [typeof(WebhookChannel)] = sender });
        foreach (var study in new[] { "a", "b", "c", "d" })
            Alarm(watched, study);
        var ids = watched.Store.Waiting().Select(delivery => delivery.Id).ToList();
        first = ids[0];

        await AttemptAsync(watched, waits: 1);

        long[] expected = isOfTheMessage ? [ids[1], ids[2], ids[3]] : [ids[3], ids[1], ids[2]]; // what could be the channel's fault, the newest tries
        Assert.Equal(expected, sender.Sent.Select(delivery => delivery.Id));
        Assert.Equal(ids[0], Assert.Single(watched.Store.Waiting()).Id);
        watched.Time.Advance(Outbox.Pause(0));
        first = long.MaxValue;
        await AttemptAsync(watched, waits: 0); // nothing is lost
    }

    [Fact]
    public async Task Channel_that_is_down_is_tried_by_its_oldest_and_its_newest_message_and_within_minutes_while_something_critical_waits()
    {
        var (down, tried) = (true, new List<long>());
        var sender = new ScriptedSender((_, delivery, _) =>
        {
            tried.Add(delivery.Id);
            return down ? throw new DeliveryException("It is down.") : Task.CompletedTask;
        });
        using var watched = new Watched(OneChannel, new Dictionary<Type, IAlertSender> { [typeof(WebhookChannel)] = sender });
        foreach (var study in new[] { "a", "b", "c" })
            Alarm(watched, study);
        watched.Desk.Observe(board => board.Take(new Fact(MonitoredSignal.DiskFree, Subject.None, watched.Time.GetUtcNow(), 0.5)));
        watched.Desk.Tick();
        var ids = watched.Store.Waiting().Select(delivery => delivery.Id).ToList();
        Assert.Equal(4, ids.Count);

        for (var i = 0; i < 12; i++) // all that is due has been tried, each time
        {
            watched.Outbox.Start(Stop);
            await watched.Outbox.Idle;
            watched.Time.Advance(TimeSpan.FromMinutes(2));
        }

        Assert.Equal([ids[0], ids[3]], tried.Distinct());
        Assert.Equal(24, tried.Count);
        down = false;
        watched.Outbox.Start(Stop);
        await watched.Outbox.Idle;
        Assert.Equal(ids, sender.Sent.Select(delivery => delivery.Id).Order());
        Assert.Equal([ids[0], ids[1], ids[2]], sender.Sent.Select(delivery => delivery.Id).Where(id => id != ids[3]));
    }

    [Theory]
    [InlineData("400 Bad Request", true)]
    [InlineData("408 Request Timeout", false)]
    [InlineData("413 Content Too Large", true)]
    [InlineData("429 Too Many Requests", false)]
    [InlineData("500 Internal Server Error", false)]
    public async Task Refusal_by_the_receiver_is_told_from_a_channel_that_fails(string status, bool isOfTheMessage)
    {
        using var watched = new Watched();
        await File.WriteAllTextAsync(watched.PathOf("secret"), "sixteen bytes or more\n", Stop);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var sender = new WebhookSender();

        var answer = AnswerAsync(listener, $"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        var failed = await Assert.ThrowsAsync<DeliveryException>(() => sender.SendAsync(new WebhookChannel("ward", new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/"), watched.PathOf("secret")), s_delivery, Stop));
        await answer;

        Assert.Equal(isOfTheMessage, failed.IsOfTheMessage);
    }

    [Fact]
    public void Pauses_grow_to_two_minutes_while_something_critical_waits() =>
        Assert.Equal([15, 30, 60, 120, 120], new[] { 0, 1, 2, 3, 1000 }.Select(attempts => (int)Outbox.Pause(attempts, isCritical: true).TotalSeconds));

    [Fact]
    public void Pauses_grow_to_an_hour() =>
        Assert.Equal([15, 30, 60, 3600, 3600], new[] { 0, 1, 2, 8, 1000 }.Select(attempts => (int)Outbox.Pause(attempts).TotalSeconds));

    [Fact]
    public async Task Webhook_posts_signed_json_and_follows_no_redirect()
    {
        using var watched = new Watched();
        await File.WriteAllTextAsync(watched.PathOf("secret"), "sixteen bytes or more\n", Stop);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var channel = new WebhookChannel("ward", new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/hook"), watched.PathOf("secret"));
        using var sender = new WebhookSender();

        var ok = AnswerAsync(listener, "HTTP/1.1 204 No Content\r\n\r\n");
        await sender.SendAsync(channel, s_delivery, Stop);
        var request = await ok;
        Assert.StartsWith("POST /hook ", request, StringComparison.Ordinal);
        Assert.Contains("Fcml-Delivery: 7", request, StringComparison.Ordinal);
        Assert.Contains($"Fcml-Signature: {WebhookSender.Sign("sixteen bytes or more"u8, 7, s_delivery.Payload)}", request, StringComparison.Ordinal);

        var elsewhere = AnswerAsync(listener, "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
        Assert.Contains("answered 307", (await Assert.ThrowsAsync<DeliveryException>(() => sender.SendAsync(channel, s_delivery, Stop))).Message, StringComparison.Ordinal);
        await elsewhere;
    }

    [Fact]
    public async Task Webhook_without_a_usable_secret_sends_nothing()
    {
        using var watched = new Watched();
        using var sender = new WebhookSender();
        var channel = new WebhookChannel("ward", new Uri("http://127.0.0.1:1/"), watched.PathOf("secret"));

        Assert.Contains("cannot be read", (await Assert.ThrowsAsync<DeliveryException>(() => sender.SendAsync(channel, s_delivery, Stop))).Message, StringComparison.Ordinal);
        await File.WriteAllTextAsync(watched.PathOf("secret"), "short", Stop);
        Assert.Contains("fewer than 16 bytes", (await Assert.ThrowsAsync<DeliveryException>(() => sender.SendAsync(channel, s_delivery, Stop))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mail_server_that_is_down_is_a_failed_delivery_and_one_that_is_up_gets_the_letter()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var channel = new MailChannel("oncall", "127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port, "a@example.org", ["b@example.org"], null, null);

        var letter = TakeLetterAsync(listener);
        await new MailSender().SendAsync(channel, s_delivery, Stop);
        Assert.Contains("Subject: [warning] disk-low: 1 alert", await letter, StringComparison.Ordinal);

        listener.Stop();
        Assert.Contains("did not take the letter", (await Assert.ThrowsAsync<DeliveryException>(() => new MailSender().SendAsync(channel, s_delivery, Stop))).Message, StringComparison.Ordinal);
    }

    private static void Alarm(Watched watched, string line = "north")
    {
        watched.Time.Advance(AlertMachine.TellEvery);
        watched.Desk.Observe(board => board.Take(new Fact(MonitoredSignal.RunFailed, Subject.Of(("study", line)), watched.Time.GetUtcNow(), 1)));
        watched.Desk.Tick();
    }

    // All that is due is tried, and so many messages are left, whose turn it is not.
    private static async Task AttemptAsync(Watched watched, int waits)
    {
        watched.Outbox.Start(Stop);
        await watched.Outbox.Idle;
        Assert.Equal(waits, watched.Store.Waiting().Count);
        Assert.All(watched.Store.Waiting(), delivery => Assert.True(delivery.Due > watched.Time.GetUtcNow()));
    }

    private static async Task<string> AnswerAsync(TcpListener listener, string answer)
    {
        using var client = await listener.AcceptTcpClientAsync(Stop);
        var stream = client.GetStream();
        var (request, buffer) = (new StringBuilder(), new byte[4096]);
        while (!request.ToString().Contains(s_delivery.Payload, StringComparison.Ordinal))
            request.Append(Encoding.UTF8.GetString(buffer, 0, await stream.ReadAsync(buffer, Stop)));
        await stream.WriteAsync(Encoding.ASCII.GetBytes(answer), Stop);
        return request.ToString();
    }

    private static async Task<string> TakeLetterAsync(TcpListener listener)
    {
        using var client = await listener.AcceptTcpClientAsync(Stop);
        using var reader = new StreamReader(client.GetStream());
        await using var writer = new StreamWriter(client.GetStream()) { NewLine = "\r\n", AutoFlush = true };
        await writer.WriteLineAsync("220 here");
        var letter = new StringBuilder();
        while (await reader.ReadLineAsync(Stop) is { } line && line != "QUIT")
        {
            if (line != "DATA")
            {
                await writer.WriteLineAsync("250 ok");
                continue;
            }

            await writer.WriteLineAsync("354 go on");
            while (await reader.ReadLineAsync(Stop) is { } text && text != ".")
                letter.AppendLine(text);
            await writer.WriteLineAsync("250 taken");
        }

        await writer.WriteLineAsync("221 bye");
        return letter.ToString();
    }
}
