using Google.Api;
using Google.Protobuf.Reflection;

namespace FederatedClinicalMl.Coordinator.Api;

/// <summary>A call that is offered by REST too, as its contract says (<c>option (google.api.http)</c>).</summary>
/// <param name="Call">The call; its path over gRPC is its row in <see cref="Access.Table"/>.</param>
/// <param name="Verb">Method of HTTP, in capitals.</param>
/// <param name="Path">With <c>{fields}</c> of the request.</param>
/// <param name="HasBody">Whether the other fields of the request come in the body; else in the query.</param>
public sealed record RestCall(MethodDescriptor Call, string Verb, string Path, bool HasBody)
{
    /// <summary>Every one, in the order of the contracts.</summary>
    public static readonly IReadOnlyList<RestCall> All =
    [
        .. new[] { Protos.Federation.FederationReflection.Descriptor, Protos.Federation.AdministrationReflection.Descriptor, Protos.Federation.StagesReflection.Descriptor, Protos.Federation.MonitoringReflection.Descriptor }
            .SelectMany(contract => contract.Services).SelectMany(service => service.Methods).Select(Of).OfType<RestCall>(),
    ];

    /// <summary>The call's path over gRPC.</summary>
    public string Row => $"/{Call.Service.FullName}/{Call.Name}";

    /// <summary>How a call is made by REST; null where it is not offered.</summary>
    public static RestCall? Of(MethodDescriptor call)
    {
        ArgumentNullException.ThrowIfNull(call);
        if (call.GetOptions()?.GetExtension(AnnotationsExtensions.Http) is not { } rule)
            return null;
        var (verb, path) = rule.PatternCase switch
        {
            HttpRule.PatternOneofCase.Get => ("GET", rule.Get),
            HttpRule.PatternOneofCase.Put => ("PUT", rule.Put),
            HttpRule.PatternOneofCase.Post => ("POST", rule.Post),
            HttpRule.PatternOneofCase.Delete => ("DELETE", rule.Delete),
            _ => throw new InvalidOperationException($"{call.FullName} is annotated with {rule.PatternCase}, which is not offered."),
        };
        return new RestCall(call, verb, path, rule.Body.Length > 0);
    }
}
