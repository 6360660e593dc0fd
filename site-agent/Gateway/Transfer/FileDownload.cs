using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Logging;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>
/// Brings a file of the coordinator's to a path: <c>&lt;path&gt;.part</c> while it grows, <c>&lt;path&gt;</c> once all its bytes are there. Goes on at the last byte after a broken connection and after a restart. Nothing
/// is fsynced or hashed: what comes in is a cache, and the worker holds it against its digest.
/// </summary>
internal sealed partial class FileDownload(Func<CoordinatorChannel> channel, Func<Backoff> backoff, TimeProvider time, ILogger log)
{
    private const int BufferSize = 256 * 1024;
    private const int Attempts = 3;

    /// <summary>Fetches; waits out errors of the network and of the disk for as long as it takes.</summary>
    /// <param name="route">From where.</param>
    /// <param name="path">To where; its directory is there.</param>
    /// <param name="length">Bytes of the file; null: nobody has said, and it is fetched from its first byte each time.</param>
    /// <param name="stop">Ends it.</param>
    /// <param name="longest">Most bytes of a file whose length nobody has said.</param>
    /// <returns>Whether the file is there; false: the coordinator does not have it, or has it in another length than it offered.</returns>
    public async Task<bool> FetchAsync(string route, string path, long? length, CancellationToken stop, long longest = long.MaxValue)
    {
        var waits = backoff();
        var failures = 0;
        while (true)
        {
            stop.ThrowIfCancellationRequested();
            var present = channel();
            try
            {
                if (IsWhole(path, length))
                    return true;
                switch (await ContinueAsync(present.Http, route, path, length, longest, waits, stop))
                {
                    case Progress.Whole:
                        return true;
                    case Progress.WrongLength:
                        LogWrongLength(route, ++failures, Attempts);
                        break;
                    case Progress.NotThere:
                        LogNotThere(route, ++failures, Attempts);
                        break;
                }

                if (failures == Attempts)
                    return false;
            }
            catch (Exception e) when (e is HttpRequestException or HttpIOException)
            {
                LogBroken(route, present.Explain(e).Sentence);
            }
            catch (IOException e)
            {
                LogNotStored(route, path, e.Message); // most likely full: what there is of the file stays, and goes on when there is room
            }

            await Task.Delay(waits.Next(), time, stop);
        }
    }

    private static async Task<Progress> ContinueAsync(HttpClient http, string route, string path, long? named, long longest, Backoff waits, CancellationToken stop)
    {
        var part = path + ".part";
        var length = named ?? long.MaxValue;
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            using (var file = File.OpenHandle(part, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read))
            {
                var have = RandomAccess.GetLength(file);
                if (have > length || named is null) // without a length there is nothing to go on from
                    RandomAccess.SetLength(file, have = 0);
                if (have < length)
                {
                    using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(route, UriKind.Relative));
                    if (named is not null)
                        request.Headers.Range = new RangeHeaderValue(have, null);
                    using var reply = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
                    switch (reply.StatusCode)
                    {
                        case HttpStatusCode.PartialContent when reply.Content.Headers.ContentRange is { } range && range.From == have && range.Length == length:
                            break;
                        case HttpStatusCode.OK: // the range was not understood: the whole comes
                            RandomAccess.SetLength(file, have = 0);
                            if (named is null && (length = reply.Content.Headers.ContentLength ?? 0) is 0 || length > longest)
                                return Progress.WrongLength;
                            break;
                        case HttpStatusCode.PartialContent or HttpStatusCode.RequestedRangeNotSatisfiable:
                            RandomAccess.SetLength(file, 0);
                            return Progress.WrongLength;
                        case HttpStatusCode.NotFound:
                            return Progress.NotThere;
                        default:
                            throw new HttpRequestException($"{(int)reply.StatusCode} {reply.ReasonPhrase}", null, reply.StatusCode);
                    }

                    using var body = await reply.Content.ReadAsStreamAsync(stop);
                    while (have < length)
                    {
                        var read = await ReceiveAsync(body, buffer.AsMemory(0, (int)Math.Min(BufferSize, length - have)), stop);
                        if (read == 0)
                            throw new HttpRequestException($"The reply ended after {have} of {length} bytes.");
                        RandomAccess.Write(file, buffer.AsSpan(0, read), have);
                        have += read;
                        waits.Reset();
                    }
                }
            }

            File.Move(part, path, overwrite: true);
            return Progress.Whole;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>A broken connection and a full disk are both IOExceptions: this one is the connection.</summary>
    private static async ValueTask<int> ReceiveAsync(Stream body, Memory<byte> buffer, CancellationToken stop)
    {
        try
        {
            return await body.ReadAsync(buffer, stop);
        }
        catch (IOException e) when (e is not HttpIOException)
        {
            throw new HttpRequestException("The reply broke off.", e);
        }
    }

    private static bool IsWhole(string path, long? length)
    {
        var file = new FileInfo(path);
        if (file.Exists && (length is null || file.Length == length))
            return true;
        file.Delete();
        return false;
    }

    private enum Progress
    {
        Whole,
        WrongLength,
        NotThere,
    }

    [LoggerMessage(2301, LogLevel.Warning, "The coordinator has {Route} in another length than it offered (attempt {Attempt} of {Attempts})")]
    private partial void LogWrongLength(string route, int attempt, int attempts);

    [LoggerMessage(2302, LogLevel.Warning, "The coordinator does not have {Route} (attempt {Attempt} of {Attempts})")]
    private partial void LogNotThere(string route, int attempt, int attempts);

    [LoggerMessage(2303, LogLevel.Information, "Download of {Route} broke and will go on: {Why}")]
    private partial void LogBroken(string route, string why);

    [LoggerMessage(2304, LogLevel.Error, "{Route} cannot be stored as '{Path}' and will be tried again: {Why}")]
    private partial void LogNotStored(string route, string path, string why);
}
