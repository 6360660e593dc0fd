using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Privacy;

/// <summary>Why a message or request of secure aggregation is refused. A refusal changes nothing.</summary>
public enum AggregationFault
{
    /// <summary>The step is not at it yet, or past it.</summary>
    OutOfOrder = 1,

    /// <summary>It is about other terms: another step or attempt, other parameters, members, threshold or words.</summary>
    OtherTerms,

    /// <summary>The site is no member, or its worker has another key than the list says.</summary>
    NotAMember,

    /// <summary>Another attempt of the round asks with other parameters than the first.</summary>
    ParametersChanged,

    /// <summary>Another attempt of the round asks something else, or the site's own data have changed since the first.</summary>
    RoundChanged,

    /// <summary>An attempt that is over, or an unmasked round.</summary>
    AttemptOver,

    /// <summary>What was answered once is asked again, otherwise.</summary>
    AskedOtherwise,

    /// <summary>Somebody stands in it who is not to be there, twice, or in the wrong place; or somebody is missing.</summary>
    WrongSenders,

    /// <summary>A worker's key is not the one that the member list names.</summary>
    ForeignKey,

    /// <summary>A public key is no point of the curve, or stands there twice.</summary>
    KeyWrong,

    /// <summary>The signature is not the sender's.</summary>
    SignatureWrong,

    /// <summary>A share does not open, or is not what its dealer committed to.</summary>
    ShareWrong,

    /// <summary>Too few take part.</summary>
    TooFew,

    /// <summary>What is to be a part of a key is not the one committed to, or a wrapped key does not open.</summary>
    ContributionWrong,

    /// <summary>Bytes are no ciphertexts of the study's parameters.</summary>
    CiphertextWrong,
}

/// <summary>A refusal.</summary>
/// <param name="Fault">Why.</param>
/// <param name="Named">The site whose message it is about; null where it is about no site's.</param>
/// <param name="Sentence">What, where and how to mend it. Holds nothing from a record.</param>
public sealed record AggregationRefusal(AggregationFault Fault, SiteId? Named, string Sentence);
