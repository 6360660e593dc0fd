using System.Text;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>The code of each <see cref="RoundFault"/>, and the public sentence: what, where, and how to mend it.</summary>
public static class RoundFaults
{
    /// <summary>The code, e.g. <c>STEP_LATE</c> for <see cref="RoundFault.StepLate"/>.</summary>
    public static string Code(RoundFault fault)
    {
        var code = new StringBuilder();
        foreach (var c in fault.ToString())
        {
            if (char.IsAsciiLetterUpper(c) && code.Length > 0)
                code.Append('_');
            code.Append(char.ToUpperInvariant(c));
        }

        return code.ToString();
    }

    /// <summary>The public sentence.</summary>
    public static string Sentence(RoundFault fault) => fault switch
    {
        RoundFault.RunExists => "There is another run of that id. Start a new run.",
        RoundFault.RunUnknown => "There is no such run. List the runs to see their ids.",
        RoundFault.PlanImpossible => "The run cannot succeed with the sites that approved its study. Wait for more approvals, or change required sites or quorum.",
        RoundFault.RunNotStarted => "The run was not started yet. Start it first.",
        RoundFault.RunIsPaused => "The run is paused. Resume it first.",
        RoundFault.RunOver => "The run is over: nothing can be added to it. Start a new run.",
        RoundFault.RunIncomplete => "The run is not complete: there is no model to register yet.",
        RoundFault.StepUnknown => "The step is none of this run's open steps. Wait for the coordinator's offer.",
        RoundFault.AttemptStale => "That attempt at the step is over. Answer the newest offer.",
        RoundFault.StepLate => "The step was closed before this arrived. The site is asked again in the next step.",
        RoundFault.StepCollects => "The step still collects; only a closed step can be merged.",
        RoundFault.SiteNotInvited => "The site was not invited. Only sites that had approved the study when the run was created take part.",
        RoundFault.SiteGone => "The site was revoked or withdrew its approval, and takes no further part in this run.",
        RoundFault.SiteAnswered => "The site answered this step already, and differently. Its first answer stands; check whether two agents use one identity.",
        RoundFault.DeadlineAhead => "The step's deadline has not passed.",
        RoundFault.ResultDiffers => "The step was committed with another result. A result is final; compare the digests in the run's events.",
        RoundFault.HeadMalformed => "The release's head is not one: magic, length and signed manifest are needed. Check that site and coordinator run compatible versions.",
        RoundFault.ReleaseTooLong => "The release is longer than its study allows.",
        RoundFault.LengthWrong => "The release's length is not what its manifest and the study say.",
        RoundFault.SignatureWrong => "The release is not signed by the worker key that the site has enrolled with or renewed since.",
        RoundFault.SiteWrong => "The release's manifest names another site than the certificate of the connection.",
        RoundFault.StepWrong => "The release's manifest names another step than the one it was sent for.",
        RoundFault.StudyWrong => "The release's manifest names another study than the run's.",
        RoundFault.ParametersWrong => "The release was computed from other parameters than the step's.",
        RoundFault.ConstantsWrong => "The release was computed with other preprocessing constants than the run's.",
        RoundFault.EncodingWrong => "The release's encoding is not the one that the study declares.",
        RoundFault.DimensionWrong => "The update's dimension is not that of the study's model.",
        RoundFault.WeightWrong => "The release's weight is outside of what the study allows.",
        RoundFault.PayloadDigestWrong => "The payload's bytes are not those that the manifest was signed for.",
        RoundFault.ValueOutOfRange => "A value of the update is not finite, or outside of the encoding's range.",
        RoundFault.PayloadMalformed => "The payload is not what this kind of step collects.",
        RoundFault.ConstantsUndefined => "A preprocessing constant cannot be learned: too few sites released enough values. Give it in the protocol, or leave the feature out.",
        RoundFault.ResultNotFinite => "The merged parameters are not finite. Lower the learning rate, and look at the updates' ranges.",
        RoundFault.StagingLost => "A staged release is gone or changed on the coordinator's disk. Check the disk; the step is tried again.",
        RoundFault.MessagesDisagree => "Messages of secure aggregation do not go together: two sites use one public key. The round is tried again; compare the sites' software.",
        RoundFault.SharesUnfit => "Shares that a site dealt do not make the secret that it committed to, so the sum stays masked. The round is tried again; look for a site that changed its software.",
        RoundFault.CiphertextMalformed => "Ciphertexts are not of the study's parameters. Check that site and coordinator run compatible versions.",
        RoundFault.SumsDisagree => "The members do not agree on what the encrypted sum holds. The round is tried again; look for a site that changed its software, or was given another sum.",
        RoundFault.SumVoid => "The unmasked sum is beyond what the sites' updates can add up to: some site's was out of range. The round is void, and tried again.",
        RoundFault.LedgerHeadWrong => "The release does not carry the head of its site's privacy ledger, signed by the worker, where its study demands one, or carries one where it does not. Check that site and coordinator run compatible versions.",
        RoundFault.MessageRefused => "The message of secure aggregation is not one that the step takes of this site: another's, of another attempt, or one that does not fit what was said before. The coordinator's log says which.",
        _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, "This fault has no sentence."),
    };
}
