using System.Text.Json.Nodes;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Studies;
using Microsoft.Data.Sqlite;

namespace FederatedClinicalMl.Coordinator.Storage;

/// <summary>An invitation as it is kept: its secret only as a digest.</summary>
/// <param name="Id">Public name.</param>
/// <param name="SecretDigest">SHA-256 of the secret.</param>
/// <param name="Member">Who may redeem it.</param>
/// <param name="Expires">Until when.</param>
/// <param name="State">What became of it.</param>
public sealed record StoredInvitation(string Id, Sha256Digest SecretDigest, Member Member, DateTimeOffset Expires, InvitationState State);

/// <summary>What became of an invitation. Numbers are those of the database.</summary>
public enum InvitationState
{
    /// <summary>It can be redeemed until it expires.</summary>
    Open = 0,

    /// <summary>It was redeemed; in a folder of an earlier version, or withdrawn.</summary>
    Redeemed = 1,

    /// <summary>An admin withdrew it before it was redeemed.</summary>
    Withdrawn = 2,
}

/// <summary>A member as it is kept.</summary>
/// <param name="Member">Who.</param>
/// <param name="WorkerKey">The worker's public key; null for people.</param>
/// <param name="SoftwareVersion">As last heard.</param>
/// <param name="LastContact">When; null: never.</param>
/// <param name="NotAfter">End of the newest certificate.</param>
/// <param name="Revoked">Whether it was revoked.</param>
public sealed record StoredMember(
    Member Member, VerifyingKey? WorkerKey, string SoftwareVersion, DateTimeOffset? LastContact, DateTimeOffset NotAfter, bool Revoked);

/// <summary>Members, invitations and certificates in <c>coordinator.db</c>. Every method is one transaction, durable when it returns.</summary>
public sealed class MemberStore
{
    private readonly CoordinatorDatabase _database;
    private readonly Signal _changed = new();

    /// <summary>The members in <paramref name="database"/>, whose tables are made or brought up to date.</summary>
    public MemberStore(CoordinatorDatabase database)
    {
        ArgumentNullException.ThrowIfNull(database);
        _database = database;
        database.Migrate("members", """
            CREATE TABLE invitations (
                id TEXT PRIMARY KEY, secret_sha256 BLOB NOT NULL, role INTEGER NOT NULL, name TEXT NOT NULL,
                expires INTEGER NOT NULL, redeemed INTEGER NOT NULL DEFAULT 0
            ) STRICT;
            CREATE TABLE members (
                role INTEGER NOT NULL, name TEXT NOT NULL, worker_key BLOB, software TEXT NOT NULL, last_contact INTEGER,
                not_after INTEGER NOT NULL, revoked INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (role, name)
            ) STRICT;
            CREATE TABLE certificates (
                serial TEXT PRIMARY KEY, sha256 BLOB NOT NULL, role INTEGER NOT NULL, name TEXT NOT NULL,
                not_after INTEGER NOT NULL, revoked INTEGER NOT NULL DEFAULT 0
            ) STRICT;
            """,
            "CREATE TABLE worker_renewals (name TEXT NOT NULL, number INTEGER NOT NULL, renewal TEXT NOT NULL, PRIMARY KEY (name, number)) STRICT;");
    }

    /// <summary>Completes when the next change of members or invitations is durable. Ask before looking.</summary>
    public Task NextChange => _changed.Next;

    /// <summary>Keeps a new invitation.</summary>
    public void Add(StoredInvitation invitation) => Write(connection => connection.Run(
        "INSERT INTO invitations (id, secret_sha256, role, name, expires) VALUES ($1, $2, $3, $4, $5)",
        invitation.Id, invitation.SecretDigest.ToArray(), (long)invitation.Member.Role, invitation.Member.Name, invitation.Expires.ToUnixTimeSeconds()));

    /// <summary>The invitation of that id; null where there is none.</summary>
    public StoredInvitation? FindInvitation(string id) => _database.Read(connection => connection.Query(
        "SELECT id, secret_sha256, role, name, expires, redeemed FROM invitations WHERE id = $1", ReadInvitation, id).SingleOrDefault());

    /// <summary>Invitations that can still be redeemed at <paramref name="now"/>.</summary>
    public IReadOnlyList<StoredInvitation> OpenInvitations(DateTimeOffset now) => _database.Read(connection => connection.Query(
        "SELECT id, secret_sha256, role, name, expires, redeemed FROM invitations WHERE redeemed = 0 AND expires > $1 ORDER BY role, name",
        ReadInvitation, now.ToUnixTimeSeconds()));

    /// <summary>
    /// Redeems an invitation for a certificate and makes its subject a member, all or nothing.
    /// </summary>
    /// <returns>False where somebody else redeemed it first: nothing was changed.</returns>
    public bool Redeem(string invitation, IssuedCertificate certificate, VerifyingKey? workerKey, string softwareVersion) =>
        Write(connection =>
        {
            if (connection.Run("UPDATE invitations SET redeemed = 1 WHERE id = $1 AND redeemed = 0", invitation) == 0)
                return false;
            connection.Run(
                """
                INSERT INTO members (role, name, worker_key, software, not_after) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (role, name) DO UPDATE SET worker_key = $3, software = $4, not_after = $5, revoked = 0
                """,
                (long)certificate.Member.Role, certificate.Member.Name, workerKey?.SubjectPublicKeyInfo.ToArray(), softwareVersion,
                certificate.NotAfter.ToUnixTimeSeconds());
            if (workerKey is not null)
                connection.Run("DELETE FROM worker_renewals WHERE name = $1", certificate.Member.Name); // what led to another key is nothing of this one's
            Insert(connection, certificate);
            return true;
        });

    /// <summary>Adds a renewed certificate of a member.</summary>
    /// <returns>False where the member was revoked meanwhile: nothing was changed.</returns>
    public bool Renew(IssuedCertificate certificate) => Write(connection =>
    {
        var renewed = connection.Run(
            "UPDATE members SET not_after = $3 WHERE role = $1 AND name = $2 AND revoked = 0",
            (long)certificate.Member.Role, certificate.Member.Name, certificate.NotAfter.ToUnixTimeSeconds()) == 1;
        if (renewed)
            Insert(connection, certificate);
        return renewed;
    });

    /// <summary>Puts the last of these renewals' keys in the place of a site's worker key, and keeps them.</summary>
    /// <returns>False where the site is revoked, or has another key than the first of them gives way: nothing was changed.</returns>
    public bool Renew(SiteId site, IReadOnlyList<KeyRenewal> renewals) => Write(connection =>
    {
        if (connection.Run(
            "UPDATE members SET worker_key = $4 WHERE role = $1 AND name = $2 AND revoked = 0 AND worker_key = $3",
            (long)Roles.Site, site.Value, renewals[0].Old.SubjectPublicKeyInfo.ToArray(), renewals[^1].New.SubjectPublicKeyInfo.ToArray()) == 0)
            return false;
        foreach (var renewal in renewals)
            connection.Run("INSERT INTO worker_renewals (name, number, renewal) VALUES ($1, $2, $3)", site.Value, (long)renewal.Number, renewal.ToJson().ToJsonString());
        return true;
    });

    /// <summary>Revokes a member: every certificate, and every invitation that is still open.</summary>
    /// <returns>False where there was nothing to revoke.</returns>
    public bool Revoke(Member member) => Write(connection =>
    {
        object?[] key = [(long)member.Role, member.Name];
        var changed = connection.Run("UPDATE members SET revoked = 1 WHERE role = $1 AND name = $2 AND revoked = 0", key);
        connection.Run("UPDATE certificates SET revoked = 1 WHERE role = $1 AND name = $2", key);
        return changed + connection.Run("UPDATE invitations SET redeemed = 2 WHERE role = $1 AND name = $2 AND redeemed = 0", key) > 0;
    });

    /// <summary>Notes that a member was heard.</summary>
    public void Contact(Member member, string softwareVersion, DateTimeOffset at) => Write(connection => connection.Run(
        "UPDATE members SET software = $3, last_contact = $4 WHERE role = $1 AND name = $2",
        (long)member.Role, member.Name, softwareVersion, at.ToUnixTimeSeconds()));

    /// <summary>All members that ever enrolled, by role and name.</summary>
    public IReadOnlyList<StoredMember> Members() => _database.Read(connection => connection.Query(
        "SELECT role, name, worker_key, software, last_contact, not_after, revoked FROM members ORDER BY role, name",
        row => new StoredMember(
            new Member((Roles)row.GetInt64(0), row.GetString(1)),
            row.IsDBNull(2) ? null : new VerifyingKey(row.GetFieldValue<byte[]>(2)),
            row.GetString(3),
            row.IsDBNull(4) ? null : DateTimeOffset.FromUnixTimeSeconds(row.GetInt64(4)),
            DateTimeOffset.FromUnixTimeSeconds(row.GetInt64(5)),
            row.GetBoolean(6))));

    /// <summary>The key of a site's worker, as it enrolled with it or renewed it since; null where the site is not enrolled, or revoked.</summary>
    public VerifyingKey? WorkerKey(SiteId site) => _database.Read(connection => connection.Query(
        "SELECT worker_key FROM members WHERE role = $1 AND name = $2 AND revoked = 0 AND worker_key IS NOT NULL",
        row => new VerifyingKey(row.GetFieldValue<byte[]>(0)), (long)Roles.Site, site.Value).SingleOrDefault());

    /// <summary>How a site's worker key came of the one that it enrolled with.</summary>
    public KeyRenewals Renewals(SiteId site) => _database.Read(connection => connection.Query(
        "SELECT renewal FROM worker_renewals WHERE name = $1", row => KeyRenewal.Read(JsonNode.Parse(row.GetString(0))), site.Value))
        .Aggregate(KeyRenewals.None, (all, renewal) => renewal is not null && all.Add(renewal) is { } more ? more : throw new InvalidDataException($"The database holds a renewal of the worker key of '{site}' that was changed. Restore a backup."));

    /// <summary>All certificates that were ever issued.</summary>
    public IReadOnlyList<IssuedCertificate> Certificates() => _database.Read(connection => connection.Query(
        "SELECT serial, sha256, role, name, not_after, revoked FROM certificates",
        row => new IssuedCertificate(
            row.GetString(0),
            new Sha256Digest(row.GetFieldValue<byte[]>(1)),
            new Member((Roles)row.GetInt64(2), row.GetString(3)),
            DateTimeOffset.FromUnixTimeSeconds(row.GetInt64(4)),
            row.GetBoolean(5))));

    private T Write<T>(Func<SqliteConnection, T> change)
    {
        var result = _database.Write((connection, _) => change(connection));
        _changed.Raise();
        return result;
    }

    private static void Insert(SqliteConnection connection, IssuedCertificate certificate) => connection.Run(
        "INSERT INTO certificates (serial, sha256, role, name, not_after) VALUES ($1, $2, $3, $4, $5)",
        certificate.Serial, certificate.Fingerprint.ToArray(), (long)certificate.Member.Role, certificate.Member.Name,
        certificate.NotAfter.ToUnixTimeSeconds());

    private static StoredInvitation ReadInvitation(SqliteDataReader row) => new(
        row.GetString(0),
        new Sha256Digest(row.GetFieldValue<byte[]>(1)),
        new Member((Roles)row.GetInt64(2), row.GetString(3)),
        DateTimeOffset.FromUnixTimeSeconds(row.GetInt64(4)),
        (InvitationState)row.GetInt64(5));
}
