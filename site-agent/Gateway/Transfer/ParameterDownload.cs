using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using FederatedClinicalMl.Studies;
using Microsoft.Extensions.Logging;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>
/// Brings a parameter vector into the incoming directory: <c>&lt;sha256&gt;.part</c> while it grows, <c>&lt;sha256&gt;</c> once all its
/// bytes are there. Goes on at the last byte after a broken connection and after a restart. Nothing is fsynced or hashed: the directory is a
/// cache, and the worker, who believes no file that another account writes, holds it against its digest in the pass that reads it. Where that
/// fails, the file is dropped and fetched from its first byte.
/// </summary>
internal sealed partial class ParameterDownload(string incoming, Func<CoordinatorChannel> channel, Func<Backoff> backoff, TimeProvider time, ILogger log)
{
    private const int BufferSize = 256 * 1024;
    private const int Attempts = 3;

    /// <summary>The digests of all files in the directory, whole or in part. Anything else that lies there is left alone.</summary>
    public static IReadOnlyList<Sha256Digest> ListFiles(string incoming) =>
        [.. new DirectoryInfo(incoming).EnumerateFiles()
            .Select(f => Sha256Digest.TryParse(f.Name[..Math.Min(f.Name.Length, 2 * Sha256Digest.Length)], out var digest) ? digest : (Sha256Digest?)null)
            .OfType<Sha256Digest>().Distinct()];

    /// <summary>Removes what there is of a vector.</summary>
    public void Remove(Sha256Digest digest)
    {
        File.Delete(PathOf(digest));
        File.Delete(PathOf(digest) + ".part");
    }

    /// <summary>Fetches; waits out errors of the network and of the disk for as long as it takes.</summary>
    /// <returns>Whether the file is there; false: the coordinator does not have it, or has it in another length than it offered.</returns>
    public async Task<bool> FetchAsync(Sha256Digest digest, long length, CancellationToken stop)
    {
        var waits = backoff();
        var failures = 0;
        while (true)
        {
            stop.ThrowIfCancellationRequested();
            var present = channel();
            try
            {
                if (IsWhole(digest, length))
                    return true;
                switch (await ContinueAsync(present.Http, digest, length, waits, stop))
                {
                    case Progress.Whole:
                        return true;
                    case Progress.WrongLength:
                        LogWrongLength(digest, ++failures, Attempts);
                        break;
                    case Progress.NotThere:
                        LogNotThere(digest, ++failures, Attempts);
                        break;
                }

                if (failures == Attempts)
                    return false;
            }
            catch (Exception e) when (e is HttpRequestException or HttpIOException)
            {
                LogBroken(digest, present.Explain(e).Sentence);
            }
            catch (IOException e)
            {
                LogNotStored(digest, incoming, e.Message); // most likely full: what there is of the file stays, and goes on when there is room
            }

            await Task.Delay(waits.Next(), time, stop);
        }
    }

    private async Task<Progress> ContinueAsync(HttpClient http, Sha256Digest digest, long length, Backoff waits, CancellationToken stop)
    {
        var part = PathOf(digest) + ".part";
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            using (var file = File.OpenHandle(part, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read))
            {
                var have = RandomAccess.GetLength(file);
                if (have > length)
                    RandomAccess.SetLength(file, have = 0);
                if (have < length)
                {
                    using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"/v1/parameters/{digest}", UriKind.Relative));
                    request.Headers.Range = new RangeHeaderValue(have, null);
                    using var reply = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
                    switch (reply.StatusCode)
                    {
                        case HttpStatusCode.PartialContent when reply.Content.Headers.ContentRange is { } range && range.From == have && range.Length == length:
                            break;
                        case HttpStatusCode.OK: // the range was not understood: the whole comes
                            RandomAccess.SetLength(file, have = 0);
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

            File.Move(part, PathOf(digest), overwrite: true);
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

    private bool IsWhole(Sha256Digest digest, long length)
    {
        var file = new FileInfo(PathOf(digest));
        if (file.Exists && file.Length == length)
            return true;
        file.Delete();
        return false;
    }

    private string PathOf(Sha256Digest digest) => Path.Combine(incoming, digest.ToString());

    private enum Progress
    {
        Whole,
        WrongLength,
        NotThere,
    }

    [LoggerMessage(2301, LogLevel.Warning, "The coordinator has parameters {Digest} in another length than it offered (attempt {Attempt} of {Attempts})")]
    private partial void LogWrongLength(Sha256Digest digest, int attempt, int attempts);

    [LoggerMessage(2302, LogLevel.Warning, "The coordinator does not have parameters {Digest} (attempt {Attempt} of {Attempts})")]
    private partial void LogNotThere(Sha256Digest digest, int attempt, int attempts);

    [LoggerMessage(2303, LogLevel.Information, "Download of parameters {Digest} broke and will go on: {Why}")]
    private partial void LogBroken(Sha256Digest digest, string why);

    [LoggerMessage(2304, LogLevel.Error, "Parameters {Digest} cannot be stored in '{Directory}' and will be tried again: {Why}")]
    private partial void LogNotStored(Sha256Digest digest, string directory, string why);
}
