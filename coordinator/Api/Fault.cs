using Grpc.Core;

namespace FederatedClinicalMl.Coordinator.Api;

/// <summary>
/// One entry of the catalogue of everything that the coordinator answers with instead of what was asked: the same code over gRPC (in the
/// trailer <c>fcml-fault</c>) and over HTTP (in the header <c>Fcml-Fault</c>). Codes are for programs and never change their meaning;
/// sentences are for people. Details stay in the coordinator's log. A test holds docs/reference/faults.md against <see cref="All"/>.
/// </summary>
/// <param name="Code">Stable name, e.g. <c>CERTIFICATE_REVOKED</c>.</param>
/// <param name="Grpc">Status over gRPC.</param>
/// <param name="Http">Status over HTTP.</param>
/// <param name="Sentence">Public: what is wrong and how to mend it.</param>
public sealed record Fault(string Code, StatusCode Grpc, int Http, string Sentence)
{
    // Who is calling.
    public static readonly Fault CertificateMissing = new("CERTIFICATE_MISSING", StatusCode.Unauthenticated, 401,
        "This call needs the client certificate that enrolment gave; none was presented.");
    public static readonly Fault CertificateUntrusted = new("CERTIFICATE_UNTRUSTED", StatusCode.Unauthenticated, 401,
        "The client certificate was not issued by this coordinator's authority, or not for this use. Enrol with an invitation of this coordinator.");
    public static readonly Fault CertificateExpired = new("CERTIFICATE_EXPIRED", StatusCode.Unauthenticated, 401,
        "The client certificate is outside its time of validity. Check this machine's clock; if it is right, ask for a new invitation.");
    public static readonly Fault CertificateRevoked = new("CERTIFICATE_REVOKED", StatusCode.Unauthenticated, 401,
        "The client certificate was revoked by an admin of this coordinator. Ask the admin why, and for a new invitation.");
    public static readonly Fault TokensOff = new("TOKENS_OFF", StatusCode.Unauthenticated, 401,
        "This coordinator takes no bearer tokens: its admin has set up no issuer. Use the client certificate that enrolment gave.");
    public static readonly Fault TokenInvalid = new("TOKEN_INVALID", StatusCode.Unauthenticated, 401,
        "The bearer token is not one that this coordinator takes. Sign in anew at its issuer; if that does not help, ask the admin for which audience and with which claims it has to be.");
    public static readonly Fault TokenExpired = new("TOKEN_EXPIRED", StatusCode.Unauthenticated, 401,
        "The bearer token has expired. Sign in anew at its issuer.");
    public static readonly Fault IssuerUnreachable = new("ISSUER_UNREACHABLE", StatusCode.Unavailable, 503,
        "The coordinator does not get the keys with which the issuer of bearer tokens signs. Try again later, or use a client certificate; the admin looks at the way to the issuer.");
    public static readonly Fault RoleMissing = new("ROLE_MISSING", StatusCode.PermissionDenied, 403,
        "The caller's role does not allow this call. Ask somebody who holds the role that it needs.");
    public static readonly Fault CallUnknown = new("CALL_UNKNOWN", StatusCode.Unimplemented, 404,
        "This coordinator does not offer the call. Compare the versions of client and coordinator.");
    public static readonly Fault RequestInvalid = new("REQUEST_INVALID", StatusCode.InvalidArgument, 400,
        "The request is not as this call needs it.");

    // Enrolment.
    public static readonly Fault InvitationUnknown = new("INVITATION_UNKNOWN", StatusCode.NotFound, 404,
        "This coordinator did not give out the invitation, or its secret is wrong. Copy the whole invitation, or ask for a new one.");
    public static readonly Fault InvitationExpired = new("INVITATION_EXPIRED", StatusCode.FailedPrecondition, 409,
        "The invitation has expired. Ask for a new one.");
    public static readonly Fault InvitationUsed = new("INVITATION_USED", StatusCode.FailedPrecondition, 409,
        "The invitation was redeemed before; it serves once. If that was not you, tell the admin; otherwise ask for a new one.");
    public static readonly Fault InvitationWithdrawn = new("INVITATION_WITHDRAWN", StatusCode.FailedPrecondition, 409,
        "An admin withdrew the invitation before it was used. Ask the admin why, and for a new one.");
    public static readonly Fault MemberExists = new("MEMBER_EXISTS", StatusCode.AlreadyExists, 409,
        "A member of that name is enrolled. Revoke it first, or choose another name.");
    public static readonly Fault MemberUnknown = new("MEMBER_UNKNOWN", StatusCode.NotFound, 404,
        "No member of that kind and name was invited or enrolled. See `fcml site list`.");
    public static readonly Fault SelfRevoked = new("SELF_REVOKED", StatusCode.FailedPrecondition, 409,
        "Nobody revokes themselves, so that there is always an admin left. Ask another admin.");

    // Sessions.
    public static readonly Fault ProtocolTooOld = new("PROTOCOL_TOO_OLD", StatusCode.FailedPrecondition, 409,
        "The site agent speaks only protocol versions that this coordinator no longer speaks. Update the site agent.");
    public static readonly Fault ProtocolTooNew = new("PROTOCOL_TOO_NEW", StatusCode.FailedPrecondition, 409,
        "The site agent speaks only protocol versions that this coordinator does not speak yet. Ask the admin to update the coordinator.");
    public static readonly Fault WorkerKeyWrong = new("WORKER_KEY_WRONG", StatusCode.PermissionDenied, 403,
        "The worker's signing key is not the one that this site enrolled with, nor one to which that was renewed, or its proof does not fit. Was the worker set up anew, or restored from before a renewal? Enrol again.");
    public static readonly Fault SessionReplaced = new("SESSION_REPLACED", StatusCode.Aborted, 409,
        "A newer session with the same certificate took this one's place. If only one site agent should run, stop the other.");
    public static readonly Fault SessionTooSlow = new("SESSION_TOO_SLOW", StatusCode.ResourceExhausted, 429,
        "The site did not take its messages in time. Connect again: everything that still holds is sent anew.");
    public static readonly Fault SessionSilent = new("SESSION_SILENT", StatusCode.Aborted, 408,
        "The site did not answer several pings. Connect again.");
    public static readonly Fault CoordinatorStopping = new("COORDINATOR_STOPPING", StatusCode.Unavailable, 503,
        "The coordinator is stopping. Connect again in a while.");

    // Studies and runs.
    public static readonly Fault StudyInvalid = new("STUDY_INVALID", StatusCode.InvalidArgument, 400,
        "The study protocol has faults. Check it with `fcml study check`.");
    public static readonly Fault StudySignatureWrong = new("STUDY_SIGNATURE_WRONG", StatusCode.InvalidArgument, 400,
        "The study's signature was not made over these bytes by the certificate of the caller. Submit it again from your own account.");
    public static readonly Fault StudyUnknown = new("STUDY_UNKNOWN", StatusCode.NotFound, 404,
        "No study of that digest was submitted here. See `fcml study list`.");
    public static readonly Fault VerdictSignatureWrong = new("VERDICT_SIGNATURE_WRONG", StatusCode.InvalidArgument, 400,
        "The verdict on a study is not signed by the site's enrolled worker key.");
    public static readonly Fault SitesNotReady = new("SITES_NOT_READY", StatusCode.FailedPrecondition, 409,
        "The run cannot start: too few of the study's sites have approved it.");
    public static readonly Fault RunUnknown = new("RUN_UNKNOWN", StatusCode.NotFound, 404,
        "There is no run of that id. See `fcml study list`.");
    public static readonly Fault RunNotInState = new("RUN_NOT_IN_STATE", StatusCode.FailedPrecondition, 409,
        "The run is not in a state that allows this.");
    public static readonly Fault ModelUnknown = new("MODEL_UNKNOWN", StatusCode.NotFound, 404,
        "There is no such model, or it has no such file. See `fcml models list`.");

    public static readonly Fault ModelDamaged = new("MODEL_DAMAGED", StatusCode.DataLoss, 409,
        "The model's entry in the registry is not what was registered, and nothing of it is used.");

    public static readonly Fault StageRefused = new("STAGE_REFUSED", StatusCode.FailedPrecondition, 409,
        "The model's version was not changed.");

    public static readonly Fault MonitoringRefused = new("MONITORING_REFUSED", StatusCode.FailedPrecondition, 409,
        "Nothing was changed: the alert, incident or proposal is not in a state that allows this.");

    public static readonly Fault DashboardOff = new("DASHBOARD_OFF", StatusCode.FailedPrecondition, 409,
        "This coordinator serves no dashboard. Its admin starts it with `coordinator run --dashboard ADDRESS:PORT`.");

    // Bulk transfer.
    public static readonly Fault ParametersUnknown = new("PARAMETERS_UNKNOWN", StatusCode.NotFound, 404,
        "No open run that this site takes part in uses parameters of that digest.");
    public static readonly Fault RangeWrong = new("RANGE_WRONG", StatusCode.OutOfRange, 416,
        "The bytes do not begin where the coordinator needs them. Continue at Fcml-Offset.");
    public static readonly Fault ReleaseRefused = new("RELEASE_REFUSED", StatusCode.InvalidArgument, 409,
        "The release is refused for good.");
    public static readonly Fault FrameWrong = new("FRAME_WRONG", StatusCode.DataLoss, 400,
        "A frame of the upload is malformed or did not arrive as it was sent. Ask for the offset and continue from there.");
    public static readonly Fault UploadReplaced = new("UPLOAD_REPLACED", StatusCode.Aborted, 503,
        "A newer upload of the same site took this one's place.");
    public static readonly Fault StorageFull = new("STORAGE_FULL", StatusCode.ResourceExhausted, 507,
        "The coordinator cannot store this now. Nothing that was acknowledged is lost; try again later, and tell its admin.");

    public static readonly Fault Internal = new("INTERNAL", StatusCode.Internal, 500,
        "The coordinator failed to handle the call. Its log says why, at this time.");

    /// <summary>Every fault, in the order of the reference page.</summary>
    public static readonly IReadOnlyList<Fault> All =
    [
        CertificateMissing, CertificateUntrusted, CertificateExpired, CertificateRevoked, TokensOff, TokenInvalid, TokenExpired, IssuerUnreachable, RoleMissing, CallUnknown, RequestInvalid,
        InvitationUnknown, InvitationExpired, InvitationUsed, InvitationWithdrawn, MemberExists, MemberUnknown, SelfRevoked,
        ProtocolTooOld, ProtocolTooNew, WorkerKeyWrong, SessionReplaced, SessionTooSlow, SessionSilent, CoordinatorStopping,
        StudyInvalid, StudySignatureWrong, StudyUnknown, VerdictSignatureWrong, SitesNotReady, RunUnknown, RunNotInState, ModelUnknown, ModelDamaged, StageRefused, MonitoringRefused, DashboardOff,
        ParametersUnknown, RangeWrong, ReleaseRefused, FrameWrong, UploadReplaced, StorageFull, Internal,
    ];

    /// <summary>This fault as it travels inside a message.</summary>
    /// <param name="detail">Public; appended to the sentence.</param>
    public Protos.Federation.Fault ToMessage(string? detail = null) => new() { Code = Code, Sentence = Say(detail) };

    /// <summary>The sentence, with a public detail where there is one.</summary>
    public string Say(string? detail) => detail is null ? Sentence : $"{Sentence} {detail}";
}

/// <summary>Ends a call with a fault of the catalogue.</summary>
/// <param name="fault">Which.</param>
/// <param name="detail">Public: it is appended to the sentence that the caller sees.</param>
public sealed class FaultException(Fault fault, string? detail = null) : Exception(fault.Say(detail))
{
    /// <summary>Which fault.</summary>
    public Fault Fault { get; } = fault;

    /// <summary>What is appended to the fault's sentence; null: nothing.</summary>
    public string? Detail { get; } = detail;

    /// <summary>The gRPC form: status, sentence, and the code in a trailer.</summary>
    public RpcException ToRpc() =>
        new(new Status(Fault.Grpc, Message), new Metadata { { FaultWriter.Trailer, Fault.Code } });
}
