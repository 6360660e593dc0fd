using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.Protos.WorkerPort;
using Google.Protobuf;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>What is served, in the words of the two sockets.</summary>
internal static class ServingWire
{
    public static ServingStatus Write(ServingAnswer answer)
    {
        var status = new ServingStatus { OrderDigest = ByteString.CopyFrom(answer.Order.Span), State = (ServingStatus.Types.State)answer.State, SinceUnixSeconds = answer.Since.ToUnixTimeSeconds() };
        status.Missing.AddRange(answer.Missing.Select(model => ByteString.CopyFrom(model.Span)));
        return status;
    }

    public static ModelWithdrawal Write(Withdrawal withdrawal) => new()
    {
        ModelDigest = ByteString.CopyFrom(withdrawal.Model.Span), Reason = (ModelWithdrawal.Types.Reason)withdrawal.Reason, AtUnixSeconds = withdrawal.At.ToUnixTimeSeconds(),
    };

    public static ServingReply Reply(ServingDesk desk)
    {
        var reply = new ServingReply();
        foreach (var (line, shelf, offeredBy, state) in desk.List())
        {
            var served = new Protos.Steward.ServedLine
            {
                Line = line.Line, Signer = line.Allowance?.Signer.ToString() ?? "", AllowedBy = line.Allowance?.Steward ?? "", Stopped = line.Stopped ?? "", OfferedSigner = offeredBy?.ToString() ?? "",
                Order = line.Followed?.Order.Sequence ?? 0, State = state?.Word() ?? "", Production = shelf?.Serves.Production?.Version.ToString() ?? "", Fallback = shelf?.Serves.Fallback?.Version.ToString() ?? "",
                Candidate = shelf?.Serves.Candidate is { } candidate ? $"{candidate.Served.Version} {candidate.Rollout}" : "",
                Report = line.Allowance?.Report.Word() ?? "", OutcomesAfter = (uint)(line.Allowance?.OutcomesAfter ?? 0),
            };
            served.Modes.AddRange(line.Allowance?.Words ?? []);
            served.Withdrawn.AddRange(desk.Withdrawals().Where(withdrawal => withdrawal.Line == line.Line).Select(withdrawal => new ServedWithdrawal
            {
                Model = withdrawal.Model.ToString(), Reason = withdrawal.Reason.Word(), AtUnixSeconds = withdrawal.At.ToUnixTimeSeconds(),
            }));
            reply.Lines.Add(served);
        }

        return reply;
    }
}
