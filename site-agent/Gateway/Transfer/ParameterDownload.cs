using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using FederatedClinicalMl.Studies;
using Microsoft.Extensions.Logging;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>
/// Brings a parameter vector into the incoming directory: <c>&lt;sha256&gt;.part</c> while it grows, <c>&lt;sha256&gt;</c> once it is whole
/// and its digest is right. Goes on at the last byte after a broken connection and after a restart. Nothing is fsynced: the directory is a
/// cache, and what an earlier life left in it is hashed before it is believed.
/// </summary>
internal sealed partial class ParameterDownload(string incoming, Func<CoordinatorChannel> channel, Func<Backoff> backoff, TimeProvider time, ILogger log)
{
    private const int BufferSize = 256 * 1024;
    private const int AttemptsAtADigest = 3;

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
    /// <returns>Whether the file is there; false: the coordinator does not have it, or sends other bytes than it says.</returns>
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
                if (await IsWholeAsync(digest, length, stop))
                    return true;
                switch (await ContinueAsync(present.Http, digest, length, waits, stop))
                {
                    case Progress.Whole:
                        return true;
                    case Progress.WrongDigest:
                        LogWrongDigest(digest, ++failures, AttemptsAtADigest);
                        break;
                    case Progress.NotThere:
                        LogNotThere(digest, ++failures, AttemptsAtADigest);
                        break;
                }

                if (failures == AttemptsAtADigest)
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
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            using (var file = File.OpenHandle(part, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read))
            {
                var have = RandomAccess.GetLength(file);
                if (have > length)
                    RandomAccess.SetLength(file, have = 0);
                HashPrefix(file, have, hash, buffer);
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
                            hash.GetHashAndReset();
                            RandomAccess.SetLength(file, have = 0);
                            break;
                        case HttpStatusCode.PartialContent or HttpStatusCode.RequestedRangeNotSatisfiable:
                            RandomAccess.SetLength(file, 0);
                            return Progress.WrongDigest; // it has another length than was offered
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
                        hash.AppendData(buffer, 0, read);
                        have += read;
                        waits.Reset();
                    }
                }

                if (Sha256Digest.Of(hash) != digest)
                {
                    RandomAccess.SetLength(file, 0);
                    return Progress.WrongDigest;
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

    private async Task<bool> IsWholeAsync(Sha256Digest digest, long length, CancellationToken stop)
    {
        var path = PathOf(digest);
        if (!File.Exists(path))
            return false;
        await using (var file = File.OpenRead(path))
        {
            if (file.Length == length && new Sha256Digest(await SHA256.HashDataAsync(file, stop)) == digest)
                return true;
        }

        File.Delete(path);
        return false;
    }

    internal static void HashPrefix(Microsoft.Win32.SafeHandles.SafeFileHandle file, long length, IncrementalHash hash, byte[] buffer)
    {
        for (long at = 0; at < length;)
        {
            var read = RandomAccess.Read(file, buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - at)), at);
            if (read == 0)
                throw new EndOfStreamException($"A file ended at {at} of {length} bytes while it was hashed.");
            hash.AppendData(buffer, 0, read);
            at += read;
        }
    }

    private string PathOf(Sha256Digest digest) => Path.Combine(incoming, digest.ToString());

    private enum Progress
    {
        Whole,
        WrongDigest,
        NotThere,
    }

    [LoggerMessage(2301, LogLevel.Warning, "Parameters {Digest} came with another digest or length; removed (attempt {Attempt} of {Attempts})")]
    private partial void LogWrongDigest(Sha256Digest digest, int attempt, int attempts);

    [LoggerMessage(2302, LogLevel.Warning, "The coordinator does not have parameters {Digest} (attempt {Attempt} of {Attempts})")]
    private partial void LogNotThere(Sha256Digest digest, int attempt, int attempts);

    [LoggerMessage(2303, LogLevel.Information, "Download of parameters {Digest} broke and will go on: {Why}")]
    private partial void LogBroken(Sha256Digest digest, string why);

    [LoggerMessage(2304, LogLevel.Error, "Parameters {Digest} cannot be stored in '{Directory}' and will be tried again: {Why}")]
    private partial void LogNotStored(Sha256Digest digest, string directory, string why);
}
