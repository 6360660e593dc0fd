using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// What a site is given to begin an attempt with: the members with their present keys, and how those came of the keys that the study names. Of the second nothing is believed but signatures.
/// Its bytes are those of the list and, where a key was renewed, the renewals' behind them.
/// </summary>
/// <param name="Members">The members.</param>
/// <param name="Renewals">Renewals of their keys.</param>
public sealed record MemberOffer(MemberList Members, KeyRenewals Renewals)
{
    /// <summary>The offer's bytes.</summary>
    public byte[] Encode() => [.. Members.Encode(), .. KeyRenewals.Write(Renewals.All)];

    /// <summary>Reads bytes that anybody may have sent.</summary>
    /// <returns>The offer; null where the bytes are none. Never throws.</returns>
    public static MemberOffer? Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new ByteReader(bytes);
        return MemberList.Read(ref reader) is { } members && KeyRenewals.Read(bytes[members.Encode().Length..]) is { } renewals ? new MemberOffer(members, renewals) : null;
    }
}
