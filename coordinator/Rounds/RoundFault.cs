namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>
/// Why the rounds refuse a command or a release. <see cref="RoundFaults"/> gives each its code and its public sentence. Names are
/// journaled: they are only added to.
/// </summary>
public enum RoundFault
{
    /// <summary>There is a run of that id already, and it is another.</summary>
    RunExists = 1,

    /// <summary>There is no such run.</summary>
    RunUnknown,

    /// <summary>The plan cannot succeed from the start.</summary>
    PlanImpossible,

    /// <summary>The run was not started yet.</summary>
    RunNotStarted,

    /// <summary>The run is paused.</summary>
    RunIsPaused,

    /// <summary>The run is over.</summary>
    RunOver,

    /// <summary>The run is not complete.</summary>
    RunIncomplete,

    /// <summary>The step is none of this run's, or not yet open.</summary>
    StepUnknown,

    /// <summary>The step was tried again: this attempt is over.</summary>
    AttemptStale,

    /// <summary>The step was closed before this arrived.</summary>
    StepLate,

    /// <summary>The step still collects.</summary>
    StepCollects,

    /// <summary>The site was not invited to this step.</summary>
    SiteNotInvited,

    /// <summary>The site was revoked or has left the run.</summary>
    SiteGone,

    /// <summary>The site answered this step already, and differently.</summary>
    SiteAnswered,

    /// <summary>The step's time is not over.</summary>
    DeadlineAhead,

    /// <summary>The step was committed with another result.</summary>
    ResultDiffers,

    /// <summary>The release's head is not one.</summary>
    HeadMalformed,

    /// <summary>The release is longer than its study allows.</summary>
    ReleaseTooLong,

    /// <summary>The release's length is not what was announced.</summary>
    LengthWrong,

    /// <summary>The manifest is not signed by the site's enrolled worker.</summary>
    SignatureWrong,

    /// <summary>The manifest names another site.</summary>
    SiteWrong,

    /// <summary>The manifest names another step.</summary>
    StepWrong,

    /// <summary>The manifest names another study.</summary>
    StudyWrong,

    /// <summary>The release was computed from other parameters.</summary>
    ParametersWrong,

    /// <summary>The release was computed with other constants.</summary>
    ConstantsWrong,

    /// <summary>The payload's encoding is not the study's.</summary>
    EncodingWrong,

    /// <summary>The update's dimension is not the model's.</summary>
    DimensionWrong,

    /// <summary>The weight is outside of what the study allows.</summary>
    WeightWrong,

    /// <summary>The payload's bytes are not those of the manifest.</summary>
    PayloadDigestWrong,

    /// <summary>A value is not finite, or outside of the encoding's range.</summary>
    ValueOutOfRange,

    /// <summary>The payload is not what its kind of step collects.</summary>
    PayloadMalformed,

    /// <summary>A preprocessing constant cannot be learned from what the sites released.</summary>
    ConstantsUndefined,

    /// <summary>The merged result is not finite.</summary>
    ResultNotFinite,

    /// <summary>A staged release is not there any more, or not what was accepted.</summary>
    StagingLost,

    /// <summary>Messages of secure aggregation, each right by itself, do not go together.</summary>
    MessagesDisagree,

    /// <summary>The shares that a site dealt do not make the secret that it committed to.</summary>
    SharesUnfit,

    /// <summary>The unmasked sum is beyond what the sites' updates can add up to.</summary>
    SumVoid,

    /// <summary>Ciphertexts are not of the study's parameters.</summary>
    CiphertextMalformed,

    /// <summary>The members of an encrypted study do not agree on what the sum holds.</summary>
    SumsDisagree,

    /// <summary>A release under differential privacy has no ledger head that the site's worker has signed, or another has one.</summary>
    LedgerHeadWrong,

    /// <summary>A message of secure aggregation is not one that its step takes of its sender.</summary>
    MessageRefused,
}
