using System.Collections.Immutable;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Enrolment;

/// <summary>A certificate that this coordinator issued.</summary>
/// <param name="Serial">Serial number, upper-case hexadecimal.</param>
/// <param name="Fingerprint">SHA-256 of the DER.</param>
/// <param name="Member">Whose it is.</param>
/// <param name="NotAfter">When it ends.</param>
/// <param name="Revoked">Whether it was revoked.</param>
public sealed record IssuedCertificate(string Serial, Sha256Digest Fingerprint, Member Member, DateTimeOffset NotAfter, bool Revoked);

/// <summary>
/// Every certificate that was ever issued, in memory, so that each request is held against the present list at the cost of one look-up.
/// Whatever changes the list writes to <see cref="MemberStore"/> first and then here: nobody is let in on the word of something that a
/// crash could take back, and a revocation is in force when the call that made it returns.
/// </summary>
public sealed class MemberDirectory
{
    private ImmutableDictionary<string, IssuedCertificate> _bySerial;

    /// <summary>Starts from what the store holds.</summary>
    public MemberDirectory(IEnumerable<IssuedCertificate> issued) => _bySerial = issued.ToImmutableDictionary(c => c.Serial, StringComparer.Ordinal);

    /// <summary>The certificate with this serial number; null where none was issued.</summary>
    public IssuedCertificate? Find(string serial) => Volatile.Read(ref _bySerial).GetValueOrDefault(serial);

    /// <summary>Adds a certificate.</summary>
    public void Add(IssuedCertificate certificate) =>
        ImmutableInterlocked.Update(ref _bySerial, all => all.SetItem(certificate.Serial, certificate));

    /// <summary>Marks all certificates of a member as revoked.</summary>
    public void Revoke(Member member) => ImmutableInterlocked.Update(
        ref _bySerial,
        all => all.SetItems(all.Values.Where(c => c.Member == member && !c.Revoked).Select(c => KeyValuePair.Create(c.Serial, c with { Revoked = true }))));
}
