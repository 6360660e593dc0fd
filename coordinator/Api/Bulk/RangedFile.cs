using FederatedClinicalMl.Durability;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Net.Http.Headers;

namespace FederatedClinicalMl.Coordinator.Api.Bulk;

/// <summary>Sends a file, whole or from a byte on, through pooled blocks: a mapped file would count as the process's memory, once per site.</summary>
internal static class RangedFile
{
    private const int BlockLength = 256 << 10;

    /// <summary>Sends it.</summary>
    /// <param name="context">The request, whose Range is heeded.</param>
    /// <param name="file">The file.</param>
    /// <param name="what">What it is, for the fault of a file that became shorter.</param>
    public static async Task SendAsync(HttpContext context, IDiskFile file, string what)
    {
        var response = context.Response;
        var from = 0L;
        if (context.Request.Headers.Range is { Count: > 0 } header)
        {
            if (!RangeHeaderValue.TryParse(header.ToString(), out var range) || range.Unit != "bytes"
                || range.Ranges.Count != 1 || range.Ranges.First() is not { From: { } first, To: null } || first >= file.Length)
            {
                response.Headers.ContentRange = $"bytes */{file.Length}";
                await FaultWriter.WriteAsync(context, Fault.RangeWrong, "Range must be of the form bytes=<from>-, with from inside of the file.");
                return;
            }

            from = first;
            response.StatusCode = StatusCodes.Status206PartialContent;
            response.Headers.ContentRange = $"bytes {from}-{file.Length - 1}/{file.Length}";
        }

        response.ContentType = "application/octet-stream";
        response.ContentLength = file.Length - from;
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
            rate.MinDataRate = null; // a hospital's line may be slow
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();

        try
        {
            // Read into the response's own memory, asked for in large blocks: what is copied into it goes out in TLS records of 4 KiB each.
            await response.StartAsync(context.RequestAborted);
            var body = response.BodyWriter;
            for (var offset = from; offset < file.Length;)
            {
                var read = file.Read(offset, body.GetMemory(BlockLength).Span[..BlockLength]);
                if (read == 0)
                    throw new IOException($"{what} became shorter while it was sent."); // breaks the connection off: never less than was announced
                body.Advance(read);
                if (await body.FlushAsync(context.RequestAborted) is { IsCompleted: true })
                    break;
                offset += read;
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The site went: it asks for the rest when it is back.
        }
    }
}
