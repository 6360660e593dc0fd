using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;
using Microsoft.Extensions.Logging;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>
/// Brings a release from the outgoing directory to the coordinator, whose staging says each time where to go on. Waits out network errors for
/// as long as it takes; only an answer, or being called off, ends it. The file is never touched: it goes when the worker is told to let go.
/// </summary>
internal sealed partial class ReleaseUpload(SealedOutbox outbox, Func<CoordinatorChannel> channel, Func<Backoff> backoff, TimeProvider time, ILogger log)
{
    private const string OffsetHeader = "Fcml-Offset", PrefixDigestHeader = "Fcml-Prefix-Digest", StateHeader = "Fcml-State";
    private const int LongestFaultText = 2048;

    /// <summary>Delivers.</summary>
    /// <param name="ticket">Which release.</param>
    /// <param name="isNew">Whether nothing of it can have been sent before.</param>
    /// <param name="stop">Calls it off.</param>
    /// <returns><see cref="ReleaseDelivered"/>, <see cref="ReleaseRefused"/> or <see cref="ReleaseMissing"/>.</returns>
    public async Task<GatewayEvent> DeliverAsync(HeldTicket ticket, bool isNew, CancellationToken stop)
    {
        // The name is compared, never followed: a ticket cannot make us read another file.
        if (ticket.File != $"{ticket.Step}.release")
        {
            LogWrongName(ticket.Step);
            return new ReleaseMissing(ticket.Step);
        }

        var waits = backoff();
        for (var ask = !isNew; ; ask = true)
        {
            stop.ThrowIfCancellationRequested();
            var present = channel();
            IDiskFile? file = null;
            try
            {
                file = outbox.Open(ticket);
                if (file.Length is var length && length != ticket.Length)
                {
                    LogWrongLength(ticket.Step, length, ticket.Length);
                    return new ReleaseMissing(ticket.Step);
                }

                var answer = ask ? await AskAsync(present.Http, ticket, stop) : new Standing(0, null);
                if (answer.End is { } end || (end = await SendAsync(present.Http, ticket, () => Interlocked.Exchange(ref file, null) ?? outbox.Open(ticket), answer.From, waits, stop)) is not null)
                    return end;
            }
            catch (Exception e) when ((e as HttpRequestException)?.InnerException is FileNotFoundException || e is FileNotFoundException)
            {
                LogGone(ticket.Step);
                return new ReleaseMissing(ticket.Step);
            }
            catch (Exception e) when ((e as HttpRequestException)?.InnerException is SealBrokenException || e is SealBrokenException)
            {
                LogNotOpened(ticket.Step, (e as SealBrokenException ?? e.InnerException!).Message);
                return new ReleaseMissing(ticket.Step);
            }
            catch (Exception e) when (e is KeyFileException or UnauthorizedAccessException)
            {
                LogNoKey(ticket.Step, e.Message); // a person mends it; nothing is lost meanwhile
            }
            catch (HttpRequestException e)
            {
                LogBroken(ticket.Step, present.Explain(e).Sentence);
            }
            finally
            {
                Interlocked.Exchange(ref file, null)?.Dispose();
            }

            await Task.Delay(waits.Next(), time, stop);
        }
    }

    /// <summary>Asks where to go on.</summary>
    private async Task<Standing> AskAsync(HttpClient http, HeldTicket ticket, CancellationToken stop)
    {
        using var ask = new HttpRequestMessage(HttpMethod.Head, AddressOf(ticket));
        using var state = await http.SendAsync(ask, stop);
        if (state.StatusCode == HttpStatusCode.Conflict)
        {
            LogRefused(ticket.Step, "409 to HEAD");
            return new Standing(0, new ReleaseRefused(ticket.Step));
        }

        state.EnsureSuccessStatusCode();
        if (Header(state, StateHeader) == "accepted")
            return new Standing(0, new ReleaseDelivered(ticket.Step));
        var from = long.TryParse(Header(state, OffsetHeader), NumberStyles.None, CultureInfo.InvariantCulture, out var offset) && offset < ticket.Length
            && offset > 0 && PrefixIs(ticket, offset, Header(state, PrefixDigestHeader)) ? offset : 0;
        if (from > 0)
            LogResumed(ticket.Step, from, ticket.Length);
        return new Standing(from, null);
    }

    /// <summary>Sends from a byte on. Null: ask where to go on.</summary>
    private async Task<GatewayEvent?> SendAsync(HttpClient http, HeldTicket ticket, Func<IDiskFile> open, long from, Backoff waits, CancellationToken stop)
    {
        using var put = new HttpRequestMessage(HttpMethod.Put, AddressOf(ticket)) { Content = new FrameContent(open, from, ticket.Length) };
        put.Content.Headers.ContentRange = new ContentRangeHeaderValue(from, ticket.Length - 1, ticket.Length);
        using var reply = await http.SendAsync(put, HttpCompletionOption.ResponseHeadersRead, stop);
        switch (reply.StatusCode)
        {
            case HttpStatusCode.OK:
                return new ReleaseDelivered(ticket.Step);
            case HttpStatusCode.Accepted: // appended; more is awaited
                waits.Reset();
                return null;
            case HttpStatusCode.Conflict:
                LogRefused(ticket.Step, await FaultTextAsync(reply, stop));
                return new ReleaseRefused(ticket.Step);
            case HttpStatusCode.RequestedRangeNotSatisfiable: // it stands elsewhere than it said a moment ago
                return null;
            default:
                throw new HttpRequestException($"{(int)reply.StatusCode} {reply.ReasonPhrase}", null, reply.StatusCode);
        }
    }

    private static Uri AddressOf(HeldTicket ticket) => new($"/v1/releases/{ticket.Step}", UriKind.Relative);

    private bool PrefixIs(HeldTicket ticket, long length, string? digest)
    {
        if (!Sha256Digest.TryParse(digest, out var theirs))
            return false;
        using var file = outbox.Open(ticket);
        var buffer = ArrayPool<byte>.Shared.Rent(256 * 1024);
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            for (long at = 0; at < length;)
            {
                var read = file.Read(at, buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - at)));
                if (read == 0)
                    throw new EndOfStreamException($"The release file ended at {at} of {length} bytes while it was hashed.");
                hash.AppendData(buffer, 0, read);
                at += read;
            }

            return Sha256Digest.Of(hash) == theirs;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static string? Header(HttpResponseMessage reply, string name) =>
        reply.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    private static async Task<string> FaultTextAsync(HttpResponseMessage reply, CancellationToken stop)
    {
        var text = await reply.Content.ReadAsStringAsync(stop);
        return text.Length <= LongestFaultText ? text : text[..LongestFaultText];
    }

    private readonly record struct Standing(long From, GatewayEvent? End);

    [LoggerMessage(2401, LogLevel.Error, "The worker's ticket for {Step} names another file than that step's; refused")]
    private partial void LogWrongName(StepId step);

    [LoggerMessage(2402, LogLevel.Warning, "The release of {Step} is not in the outgoing directory")]
    private partial void LogGone(StepId step);

    [LoggerMessage(2403, LogLevel.Error, "The release of {Step} has {Length} bytes; its ticket says {Expected}")]
    private partial void LogWrongLength(StepId step, long length, long expected);

    [LoggerMessage(2404, LogLevel.Information, "Upload of {Step} broke and will go on: {Why}")]
    private partial void LogBroken(StepId step, string why);

    [LoggerMessage(2405, LogLevel.Error, "The coordinator refused the release of {Step} for good: {Fault}")]
    private partial void LogRefused(StepId step, string fault);

    [LoggerMessage(2407, LogLevel.Error, "The release of {Step} cannot be opened: {Why}")]
    private partial void LogNotOpened(StepId step, string why);

    [LoggerMessage(2408, LogLevel.Error, "The release of {Step} waits, because the key of the outbox cannot be had: {Why}")]
    private partial void LogNoKey(StepId step, string why);

    [LoggerMessage(2406, LogLevel.Information, "Upload of {Step} goes on at byte {From} of {Length}")]
    private partial void LogResumed(StepId step, long from, long length);
}
