using System.Globalization;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Studies;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;

namespace FederatedClinicalMl.Coordinator.Api.Bulk;

/// <summary>
/// <c>HEAD</c> and <c>PUT /v1/releases/{step}</c>. Every bound of an upload is known from its run before a byte is taken; bytes go from the
/// connection through one pooled frame to staging, never through the run's grain, which only learns of the whole.
/// </summary>
public sealed partial class ReleaseUploads(
    Runs runs, RoundTraces traces, StagingArea staging, UploadTurns turns, ILogger<ReleaseUploads> log)
{
    /// <summary>Answers where the upload stands.</summary>
    public Task HeadAsync(HttpContext context, string step) => Answer(context, step, async (upload, stop) =>
    {
        if (upload.Rule is not { } rule)
        {
            context.Response.Headers["Fcml-State"] = "accepted";
            return;
        }

        var status = staging.Status(rule);
        if (status.Whole is { } whole)
        {
            await AcceptAsync(whole); // a crash may have come between staging and journal; else this changes nothing
            context.Response.Headers["Fcml-State"] = "accepted";
            return;
        }

        context.Response.Headers["Fcml-Offset"] = status.Offset.ToString(CultureInfo.InvariantCulture);
        context.Response.Headers["Fcml-Prefix-Digest"] = status.Prefix.ToString();
    });

    /// <summary>Takes bytes in.</summary>
    public Task PutAsync(HttpContext context, string step) => Answer(context, step, async (upload, stop) =>
    {
        if (!ContentRangeHeaderValue.TryParse(context.Request.Headers.ContentRange.ToString(), out var range)
            || range is not { Unit.Value: "bytes", From: { } from, To: { } to, Length: { } total })
            throw new FaultException(Fault.RequestInvalid, "Content-Range must be of the form: bytes <from>-<to>/<total>.");
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
            rate.MinDataRate = null; // a hospital's line may be slow; a newer upload of the site ends a dead one
        if (upload.Rule is not { } rule)
            throw new RoundRefusedException(RoundFault.SiteAnswered, RoundFaults.Sentence(RoundFault.SiteAnswered));
        // Who sends on after a refusal is cut off: at most a byte to a frame of what was announced, and what the run's rule allows, is read to the end.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = (Math.Min(to - from, rule.MaximumLength) + 1) * (FrameReader.HeaderLength + 1);

        using var span = traces.Upload(rule.Step);
        using var frames = new FrameReader(context.Request.BodyReader);
        UploadResult result = total > rule.MaximumLength ? staging.Append(rule, from, total, default) : new UploadAppended(from); // too long: before a byte is read
        for (var offset = from; result is UploadAppended;)
        {
            var payload = await frames.ReadAsync(stop);
            if (payload.IsEmpty)
                break;
            if (offset + payload.Length > to + 1)
                throw new FaultException(Fault.FrameWrong, "The body is longer than its Content-Range says.");
            result = staging.Append(rule, offset, total, payload.Span);
            Telemetry.UploadedBytes.Add(payload.Length);
            offset += payload.Length;
        }

        switch (result)
        {
            case UploadAppended appended:
                context.Response.StatusCode = StatusCodes.Status202Accepted;
                context.Response.Headers["Fcml-Offset"] = appended.Offset.ToString(CultureInfo.InvariantCulture);
                break;
            case UploadMisplaced misplaced:
                context.Response.Headers["Fcml-Offset"] = misplaced.Offset.ToString(CultureInfo.InvariantCulture);
                throw new FaultException(Fault.RangeWrong);
            case UploadRefused refused:
                await runs.SendAsync(rule.Step.Run, now => new ReleaseRejected(now, rule.Step, rule.Site, refused.Fault));
                LogRefused(rule.Site, rule.Step, RoundFaults.Code(refused.Fault), refused.Detail ?? RoundFaults.Sentence(refused.Fault));
                await RefuseAsync(context, refused.Fault, RoundFaults.Sentence(refused.Fault));
                break;
            case UploadWhole whole:
                await AcceptAsync(whole.Release);
                LogAccepted(rule.Site, rule.Step, total);
                break;
            default:
                throw new InvalidOperationException($"{result.GetType().Name} is no result that uploads know.");
        }
    });

    private async Task AcceptAsync(StagedRelease release)
    {
        var decision = await runs.SendAsync(release.Step.Run, now => new ReleaseStaged(now, release.Step, release.Site, release.Digest, release.Weight, release.Origin));
        if (decision is Refused refused)
            throw new RoundRefusedException(refused.Fault, refused.Sentence);
    }

    /// <summary>What both verbs share: the step, the site's turn, the run's rule, and what becomes of faults.</summary>
    private async Task Answer(HttpContext context, string text, Func<UploadPermit, CancellationToken, Task> answer)
    {
        var site = Caller.Of(context).Member.Site;
        using var turn = await turns.TakeAsync(site, context.RequestAborted);
        try
        {
            if (!StepId.TryParse(text, out var step))
                throw new FaultException(Fault.RequestInvalid, "The path names no step.");
            var permit = await runs.PermitForAsync(site, step);
            if (permit.Fault is { } fault)
                await RefuseAsync(context, fault, RoundFaults.Sentence(fault));
            else
                await answer(permit, turn.Stop);
        }
        catch (RoundRefusedException refused)
        {
            await RefuseAsync(context, refused.Fault, refused.Message);
        }
        catch (FaultException refused)
        {
            LogFault(site, text.Length <= 80 ? text : text[..80], refused.Fault.Code);
            await FaultWriter.WriteAsync(context, refused);
        }
        catch (BadHttpRequestException) when (!context.RequestAborted.IsCancellationRequested)
        {
            LogFault(site, text.Length <= 80 ? text : text[..80], Fault.FrameWrong.Code); // longer than it may be, or no body at all
            await FaultWriter.WriteAsync(context, Fault.FrameWrong);
        }
        catch (IOException error) when (!context.RequestAborted.IsCancellationRequested)
        {
            LogDisk(error, site);
            await FaultWriter.WriteAsync(context, Fault.StorageFull);
        }
        catch (OperationCanceledException) when (turn.Stop.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            await FaultWriter.WriteAsync(context, Fault.UploadReplaced);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            LogBroke(site); // what was appended stays: the site goes on from there
        }
    }

    private static Task RefuseAsync(HttpContext context, RoundFault fault, string sentence) =>
        FaultWriter.WriteAsync(context, Fault.ReleaseRefused with { Code = RoundFaults.Code(fault), Sentence = sentence });

    private sealed class RoundRefusedException(RoundFault fault, string sentence) : Exception(sentence)
    {
        public RoundFault Fault { get; } = fault;
    }

    [LoggerMessage(1501, LogLevel.Information, "{Site}: the release of {Step}, {Length} bytes, is whole and journaled")]
    private partial void LogAccepted(SiteId site, StepId step, long length);

    [LoggerMessage(1502, LogLevel.Warning, "{Site}: the release of {Step} is refused with {Code}: {Sentence}")]
    private partial void LogRefused(SiteId site, StepId step, string code, string sentence);

    [LoggerMessage(1503, LogLevel.Information, "{Site}: an upload for {Step} ended with {Code}")]
    private partial void LogFault(SiteId site, string step, string code);

    [LoggerMessage(1504, LogLevel.Error, "{Site}: an upload met a disk error")]
    private partial void LogDisk(IOException error, SiteId site);

    [LoggerMessage(1505, LogLevel.Information, "{Site}: the connection of an upload broke")]
    private partial void LogBroke(SiteId site);
}
