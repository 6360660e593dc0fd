namespace FederatedClinicalMl.SiteAgent.StewardConsole;

/// <summary>Marks a page that follows the worker. Not those that cost something each time they are shown: a check of drift is one more, a preview is computed.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class LiveAttribute : Attribute;
